using Heed.Cli.Options;
using Heed.Formats;
using Heed.Models;

namespace Heed.Cli.Inspection;

/// <summary>The memory that running a model takes, about.</summary>
/// <param name="ResidentBytes">Weights that are laid out anew when the model is loaded.</param>
/// <param name="MappedBytes">Weights that are used in the file's own bytes; the system may drop and reread them.</param>
/// <param name="CacheBytesPerToken">Keys and values of one token; 0 where none are kept, or as much for a short text as for a long one.</param>
/// <param name="CacheBytes">What is kept of a text of the whole context, without its source.</param>
/// <param name="SourceBytes">What is kept of a source of an encoder's whole context besides; 0 without an encoder.</param>
/// <param name="RoundedCacheBytes">As <paramref name="CacheBytes"/> with each type that keys and values may be rounded to; none where they cannot be.</param>
internal sealed record MemoryNeed(long ResidentBytes, long MappedBytes, long CacheBytesPerToken, long CacheBytes, long SourceBytes, IReadOnlyList<RoundedCache> RoundedCacheBytes)
{
    public static MemoryNeed Of(ModelConfig config, IReadOnlyList<StoredTensor> tensors)
    {
        long resident = 0, mapped = 0;
        foreach (StoredTensor tensor in tensors)
        {
            // Float32 and llama2.c's grouped matrices become float32; vectors are read; the rest keeps its type. A table that is only
            // looked up stays mapped.
            if (tensor.GroupSize > 0 || tensor.Shape.Length < 2) resident += tensor.ElementCount * sizeof(float);
            else if (IsTable(tensor, config)) mapped += tensor.ByteLength;
            else resident += tensor.Type is WeightType.F64 ? tensor.ElementCount * sizeof(float) : tensor.ByteLength;
        }
        static bool IsTable(StoredTensor tensor, ModelConfig config) =>
            !config.TieEmbeddings && tensor.Shape is [var rows, var columns] && rows == config.VocabSize && columns == config.HiddenSize && tensor.Name.Contains("emb", StringComparison.Ordinal);

        bool grows = config.Mixer is MixerKind.Attention or MixerKind.Hard && !config.Bidirectional;
        long perToken = grows ? (long)config.NumLayers * config.KvHeads * (config.HeadSize + config.ValueHeadSize) * sizeof(float) : 0;
        long cache = config.CacheBytes(config.MaxSeqLen, sourceTokens: 0);
        return new MemoryNeed(resident, mapped, perToken, cache, config.CacheBytes(config.MaxSeqLen) - cache, Rounded(config));
    }

    private static IReadOnlyList<RoundedCache> Rounded(ModelConfig config) => config.Mixer != MixerKind.Attention || config.Bidirectional
        ? []
        : [.. Enum.GetValues<KvCacheType>().Where(type => type != KvCacheType.F32).Select(type => new RoundedCache(CacheTypeOption.NameOf(type), config.CacheBytes(config.MaxSeqLen, sourceTokens: 0, type)))];
}
