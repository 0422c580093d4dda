using Heed.Formats;
using Heed.Kernels.Quantization;
using Heed.Models.Checkpoints;

namespace Heed.Models.Quantization;

/// <summary>The numbers of a model in its mapped files, read when they are asked for.</summary>
internal sealed class CheckpointRows(Checkpoint checkpoint) : IModelRows
{
    public ModelConfig Config => checkpoint.Config;

    public MatrixRows Matrix(ModelLayer layer)
    {
        PlannedLayer planned = checkpoint.Plan[layer.Name];
        StoredTensor[] parts = planned.Weights;
        bool transposed = checkpoint.Plan.IsTransposed(layer);
        RowReader reader = new(checkpoint.Files, StoredSlice.Of(parts, transposed));
        void Read(int row, Span<float> destination) => reader.Read(row, 1, destination);
        return transposed ? new MatrixRows(Read) : new MatrixRows(Read, (row, type, destination) => TryCopy(parts, row, type, destination));
    }

    public float[]? Vector(ModelLayer layer, bool bias)
    {
        PlannedLayer planned = checkpoint.Plan[layer.Name];
        StoredTensor[] parts = bias ? planned.Biases : planned.Weights;
        if (parts.Length == 0) return null;
        float[] values = new float[parts.Sum(part => part.ElementCount)];
        int at = 0;
        foreach (StoredTensor part in parts)
        {
            checkpoint.Files.ReadFloats(part, 0, values.AsSpan(at, (int)part.ElementCount));
            at += (int)part.ElementCount;
        }
        if (!bias && layer.Kind == ModelLayerKind.Norm && checkpoint.Plan.Names.NormsLessOne)
            for (int i = 0; i < values.Length; i++) values[i] += 1;
        return values;
    }

    private bool TryCopy(StoredTensor[] parts, int row, WeightType type, Span<byte> destination)
    {
        foreach (StoredTensor part in parts)
        {
            if (row < part.Shape[0])
            {
                if (part.Type != type || part.GroupSize > 0) return false;
                BlockSizes.TryByteLength(part.Type, part.Shape[1], out long bytes);
                checkpoint.Files.Bytes(part, row * bytes, (int)bytes).CopyTo(destination);
                return true;
            }
            row -= (int)part.Shape[0];
        }
        return false;
    }
}
