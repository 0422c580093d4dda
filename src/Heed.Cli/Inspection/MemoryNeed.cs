using Heed.Formats;
using Heed.Models;

namespace Heed.Cli.Inspection;

/// <summary>The memory that running a model takes, about.</summary>
/// <param name="ResidentBytes">Weights that are repacked when the model is loaded.</param>
/// <param name="MappedBytes">Weights that are used in the file's own bytes; the system may drop and reread them.</param>
/// <param name="CacheBytesPerToken">Keys and values of one token; 0 where none are kept, or as much for a short text as for a long one.</param>
/// <param name="CacheBytes">What is kept of a text of the whole context, without its source.</param>
/// <param name="SourceBytes">What is kept of a source of an encoder's whole context besides; 0 without an encoder.</param>
internal sealed record MemoryNeed(long ResidentBytes, long MappedBytes, long CacheBytesPerToken, long CacheBytes, long SourceBytes)
{
    public static MemoryNeed Of(ModelConfig config, IReadOnlyList<StoredTensor> tensors)
    {
        long resident = 0, mapped = 0;
        foreach (StoredTensor tensor in tensors)
        {
            // Float32 and llama2.c's grouped matrices are packed for the kernels; vectors are read; the rest stays mapped.
            bool packed = tensor.Type is WeightType.F32 or WeightType.F64 || tensor.GroupSize > 0 || tensor.Shape.Length < 2;
            if (packed) resident += tensor.ElementCount * sizeof(float);
            else mapped += tensor.ByteLength;
        }
        bool grows = config.Mixer is MixerKind.Attention or MixerKind.Hard && !config.Bidirectional;
        long perToken = grows ? (long)config.NumLayers * config.KvHeads * (config.HeadSize + config.ValueHeadSize) * sizeof(float) : 0;
        long cache = config.CacheBytes(config.MaxSeqLen, sourceTokens: 0);
        return new MemoryNeed(resident, mapped, perToken, cache, config.CacheBytes(config.MaxSeqLen) - cache);
    }
}
