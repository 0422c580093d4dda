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

    /// <summary>Reduces the numbers of two ranks, the lower rank's first; the result may be written over either.</summary>
    public static void Combine<T>(ReadOnlySpan<T> lower, ReadOnlySpan<T> upper, Span<T> destination, Reduction reduction)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float)) InOrder(MemoryMarshal.Cast<T, float>(lower), MemoryMarshal.Cast<T, float>(upper), MemoryMarshal.Cast<T, float>(destination), reduction);
        else if (typeof(T) == typeof(double)) InOrder(MemoryMarshal.Cast<T, double>(lower), MemoryMarshal.Cast<T, double>(upper), MemoryMarshal.Cast<T, double>(destination), reduction);
        else if (typeof(T) == typeof(int)) InOrder(MemoryMarshal.Cast<T, int>(lower), MemoryMarshal.Cast<T, int>(upper), MemoryMarshal.Cast<T, int>(destination), reduction);
        else if (typeof(T) == typeof(long)) InOrder(MemoryMarshal.Cast<T, long>(lower), MemoryMarshal.Cast<T, long>(upper), MemoryMarshal.Cast<T, long>(destination), reduction);
        else
        {
            ReadOnlySpan<BFloat16> a = MemoryMarshal.Cast<T, BFloat16>(lower), b = MemoryMarshal.Cast<T, BFloat16>(upper);
            Span<BFloat16> result = MemoryMarshal.Cast<T, BFloat16>(destination);
            for (int i = 0; i < result.Length; i++)
            {
                (float x, float y) = (a[i].ToSingle(), b[i].ToSingle());
                result[i] = BFloat16.FromSingle(reduction == Reduction.Sum ? x + y : float.Max(x, y));
            }
        }
    }

    /// <summary>Adds a rank's numbers to the totals in float32, or raises these to them; the first rank's are the totals.</summary>
    public static void Take(ReadOnlySpan<BFloat16> values, Span<float> totals, bool isFirst, Reduction reduction)
    {
        for (int i = 0; i < totals.Length; i++)
        {
            float value = values[i].ToSingle();
            if (isFirst) totals[i] = value;
            else totals[i] = reduction == Reduction.Sum ? totals[i] + value : float.Max(totals[i], value);
        }
    }

    /// <summary>Rounds the totals.</summary>
    public static void Round(ReadOnlySpan<float> totals, Span<BFloat16> destination)
    {
        for (int i = 0; i < destination.Length; i++) destination[i] = BFloat16.FromSingle(totals[i]);
    }

    private static void InOrder<T>(ReadOnlySpan<byte[]> sources, int firstByte, Span<T> destination, Reduction reduction)
        where T : unmanaged, INumber<T>
    {
        Part<T>(sources[0], firstByte, destination.Length).CopyTo(destination);
        foreach (byte[] source in sources[1..])
            InOrder(destination, Part<T>(source, firstByte, destination.Length), destination, reduction);
    }

    private static void InOrder<T>(ReadOnlySpan<T> lower, ReadOnlySpan<T> upper, Span<T> destination, Reduction reduction)
        where T : unmanaged, INumber<T>
    {
        if (reduction == Reduction.Sum) TensorPrimitives.Add(lower, upper, destination);
        else TensorPrimitives.Max(lower, upper, destination);
    }

    private static void RoundedOnce(ReadOnlySpan<byte[]> sources, int firstByte, Span<BFloat16> destination, Reduction reduction)
    {
        Span<float> block = stackalloc float[BlockLength];
        for (int start = 0; start < destination.Length; start += BlockLength)
        {
            int count = Math.Min(BlockLength, destination.Length - start), at = firstByte + (start * sizeof(ushort));
            for (int source = 0; source < sources.Length; source++) Take(Part<BFloat16>(sources[source], at, count), block[..count], source == 0, reduction);
            Round(block[..count], destination.Slice(start, count));
        }
    }

    private static ReadOnlySpan<T> Part<T>(byte[] source, int firstByte, int count)
        where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(source.AsSpan(firstByte, count * Unsafe.SizeOf<T>()));
}
