using Heed.Kernels;
using Heed.Kernels.Quantization;
using Heed.Kernels.Strips;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>Random weights of any type in the form that checkpoints get, to measure models of any size without a file. Not for texts.</summary>
/// <remarks>Dispose it when its models are done.</remarks>
public sealed class SyntheticWeights : IWeightSource, IDisposable
{
    private const int Repeated = 1 << 20;
    private readonly Func<string, WeightType> _typeOf;
    private readonly string _prefix;
    private readonly List<LinearWeights> _owned;

    /// <param name="typeOf">The type of each matrix, by its full name as in <see cref="WeightNames"/>; a fused one's parts have names with .q, .k, .v, .gate and .up at the end.</param>
    /// <param name="device">Where the model computes; the CPU if null.</param>
    public SyntheticWeights(Func<string, WeightType> typeOf, Device? device = null) : this(typeOf, "", [], device ?? Device.Cpu)
    {
    }

    private SyntheticWeights(Func<string, WeightType> typeOf, string prefix, List<LinearWeights> owned, Device device)
    {
        _typeOf = typeOf;
        _prefix = prefix;
        _owned = owned;
        Device = device;
    }

    /// <inheritdoc/>
    public Device Device { get; }

    /// <summary>The bytes of all matrices.</summary>
    public long Bytes => _owned.Sum(weights => weights.ResidentBytes);

    /// <inheritdoc/>
    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false) =>
        new FrozenLinear(Owned(Matrix(_typeOf(_prefix + name), outFeatures, inFeatures)), bias ? Tensor("bias", new Shape(outFeatures)) : null);

    /// <inheritdoc/>
    public Embedding Embedding(string name, int count, int dim) => new FrozenEmbedding(Owned(Matrix(_typeOf(_prefix + name), count, dim)), Device);

    /// <inheritdoc/>
    public Tensor Tensor(string name, Shape shape)
    {
        Tensor tensor = Tensors.Tensor.AllocateUnscoped(shape, Device);
        Device.Backend.Fill(tensor, name.EndsWith("bias", StringComparison.Ordinal) ? 0 : 1);
        return tensor;
    }

    /// <inheritdoc/>
    public IWeightSource Scope(string prefix) => new SyntheticWeights(_typeOf, $"{_prefix}{prefix}.", _owned, Device);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LinearWeights weights in _owned) weights.Dispose();
        _owned.Clear();
    }

    private LinearWeights Owned(LinearWeights weights)
    {
        _owned.Add(weights);
        return weights;
    }

    private static LinearWeights Matrix(WeightType type, int rows, int columns)
    {
        Random random = new(1);
        if (StripMatrix.Takes(type)) return Strips(type, rows, columns, random);
        if (HalfPanels.Takes(type))
        {
            HalfPanels halves = new(type, rows, columns);
            byte[] bytes = Bytes16(type, random);
            Parallel.For(0, halves.PanelCount, panel => halves.Pack(panel, Repeat(bytes, (long)halves.RowsOf(panel) * columns * sizeof(ushort))));
            return new HalfWeights(halves);
        }
        if (type != WeightType.F32) throw new ArgumentException($"SyntheticWeights: the type is {type}; expected F32, F16, BF16 or a quantized type.", nameof(type));
        PackedWeights packed = new(rows, columns);
        float[] floats = [.. Enumerable.Range(0, Repeated).Select(_ => (random.NextSingle() - 0.5f) * 0.07f)];
        Parallel.For(0, packed.PanelCount, panel => packed.Pack(panel, Repeat(floats, (long)packed.RowsOf(panel) * columns)));
        return packed;
    }

    private static StripWeights Strips(WeightType type, int rows, int columns, Random random)
    {
        StripMatrix matrix = new(type, rows, columns);
        BlockSizes.TryByteLength(type, columns, out long rowBytes);
        byte[] bytes = new byte[rowBytes * StripMatrix.StripRows];
        random.NextBytes(bytes);
        BlockScales.Set(type, bytes, () => (Half)(0.003f / BlockScales.Steps(type)));
        Parallel.For(0, matrix.StripCount, strip => matrix.Pack(strip, bytes.AsSpan(0, (int)(matrix.RowsOf(strip) * rowBytes))));
        return new StripWeights(matrix);
    }

    private static byte[] Bytes16(WeightType type, Random random)
    {
        byte[] bytes = new byte[2 * Repeated];
        for (int i = 0; i < bytes.Length; i += 2)
        {
            float value = (random.NextSingle() - 0.5f) * 0.07f;
            BitConverter.TryWriteBytes(bytes.AsSpan(i), type == WeightType.F16 ? BitConverter.HalfToUInt16Bits((Half)value) : (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
        }
        return bytes;
    }

    private static T[] Repeat<T>(T[] values, long count)
    {
        T[] all = new T[count];
        for (long at = 0; at < count; at += values.Length) Array.Copy(values, 0, all, at, Math.Min(values.Length, count - at));
        return all;
    }
}
