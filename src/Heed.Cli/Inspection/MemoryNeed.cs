using Heed.Formats;
using Heed.Models;

namespace Heed.Cli.Inspection;

/// <summary>The memory that running a model takes, about.</summary>
/// <param name="ResidentBytes">Weights that are repacked when the model is loaded.</param>
/// <param name="MappedBytes">Weights that are used in the file's own bytes; the system may drop and reread them.</param>
/// <param name="CacheBytesPerToken">Keys and values of one token.</param>
internal sealed record MemoryNeed(long ResidentBytes, long MappedBytes, long CacheBytesPerToken)
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
        return new MemoryNeed(resident, mapped, 2L * config.NumLayers * config.KvHeads * config.HeadSize * sizeof(float));
    }
}
