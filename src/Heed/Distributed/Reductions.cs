using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Heed.Distributed;

/// <summary>Sums and greatest values of several ranks' numbers, always in the order of the ranks.</summary>
internal static class Reductions
{
    private const int BlockLength = 512;

    /// <summary>Throws unless numbers of this type can be added up and compared.</summary>
    public static void Check<T>(string operation, Reduction reduction)
        where T : unmanaged
    {
        if (typeof(T) != typeof(float) && typeof(T) != typeof(BFloat16) && typeof(T) != typeof(int) && typeof(T) != typeof(double) && typeof(T) != typeof(long))
            throw new NotSupportedException($"{operation}: the elements are {typeof(T).Name}; expected Single, Double, BFloat16, Int32 or Int64.");
        if (reduction is not (Reduction.Sum or Reduction.Max))
            throw new ArgumentOutOfRangeException(nameof(reduction), $"{operation}: reduction is {reduction}; expected Sum or Max.");
    }

    /// <summary>Reduces what stands at the same place of each source, in the order of the sources.</summary>
    public static void Reduce<T>(ReadOnlySpan<byte[]> sources, int firstByte, Span<T> destination, Reduction reduction)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float)) InOrder(sources, firstByte, MemoryMarshal.Cast<T, float>(destination), reduction);
        else if (typeof(T) == typeof(double)) InOrder(sources, firstByte, MemoryMarshal.Cast<T, double>(destination), reduction);
        else if (typeof(T) == typeof(int)) InOrder(sources, firstByte, MemoryMarshal.Cast<T, int>(destination), reduction);
        else if (typeof(T) == typeof(long)) InOrder(sources, firstByte, MemoryMarshal.Cast<T, long>(destination), reduction);
        else RoundedOnce(sources, firstByte, MemoryMarshal.Cast<T, BFloat16>(destination), reduction);
    }

    /// <summary>Adds <paramref name="values"/> to <paramref name="sum"/>, each sum made in float32 and rounded.</summary>
    public static void AddTo(ReadOnlySpan<BFloat16> values, Span<BFloat16> sum)
    {
        for (int i = 0; i < sum.Length; i++) sum[i] = BFloat16.FromSingle(values[i].ToSingle() + sum[i].ToSingle());
    }

    /// <summary>Raises each of <paramref name="greatest"/> to that of <paramref name="values"/>.</summary>
    public static void RaiseTo(ReadOnlySpan<BFloat16> values, Span<BFloat16> greatest)
    {
        for (int i = 0; i < greatest.Length; i++) greatest[i] = BFloat16.FromSingle(float.Max(values[i].ToSingle(), greatest[i].ToSingle()));
    }

    private static void InOrder<T>(ReadOnlySpan<byte[]> sources, int firstByte, Span<T> destination, Reduction reduction)
        where T : unmanaged, INumber<T>
    {
        Part<T>(sources[0], firstByte, destination.Length).CopyTo(destination);
        foreach (byte[] source in sources[1..])
        {
            ReadOnlySpan<T> part = Part<T>(source, firstByte, destination.Length);
            if (reduction == Reduction.Sum) TensorPrimitives.Add(destination, part, destination);
            else TensorPrimitives.Max(destination, part, destination);
        }
    }

    private static void RoundedOnce(ReadOnlySpan<byte[]> sources, int firstByte, Span<BFloat16> destination, Reduction reduction)
    {
        Span<float> block = stackalloc float[BlockLength];
        for (int start = 0; start < destination.Length; start += BlockLength)
        {
            int count = Math.Min(BlockLength, destination.Length - start), at = firstByte + (start * sizeof(ushort));
            Span<float> sums = block[..count];
            for (int source = 0; source < sources.Length; source++)
            {
                ReadOnlySpan<BFloat16> part = Part<BFloat16>(sources[source], at, count);
                for (int i = 0; i < count; i++)
                {
                    float value = part[i].ToSingle();
                    if (source == 0) sums[i] = value;
                    else sums[i] = reduction == Reduction.Sum ? sums[i] + value : float.Max(sums[i], value);
                }
            }
            for (int i = 0; i < count; i++) destination[start + i] = BFloat16.FromSingle(sums[i]);
        }
    }

    private static ReadOnlySpan<T> Part<T>(byte[] source, int firstByte, int count)
        where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(source.AsSpan(firstByte, count * Unsafe.SizeOf<T>()));
}
