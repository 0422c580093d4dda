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
        if (typeof(T) == typeof(BFloat16))
        {
            RoundedOnce(sources, firstByte, MemoryMarshal.Cast<T, BFloat16>(destination), reduction);
            return;
        }
        Part<T>(sources[0], firstByte, destination.Length).CopyTo(destination);
        foreach (byte[] source in sources[1..])
            Combine(destination, Part<T>(source, firstByte, destination.Length), destination, reduction);
    }

    /// <summary>Reduces equal parts that lie one behind the other, in their order.</summary>
    public static void Reduce<T>(ReadOnlySpan<T> parts, Span<T> destination, Reduction reduction)
        where T : unmanaged
    {
        int length = destination.Length;
        if (typeof(T) == typeof(BFloat16))
        {
            Span<BFloat16> rounded = MemoryMarshal.Cast<T, BFloat16>(destination);
            Span<float> block = stackalloc float[BlockLength];
            for (int start = 0; start < length; start += BlockLength)
            {
                int count = Math.Min(BlockLength, length - start);
                for (int at = start; at < parts.Length; at += length) Take(MemoryMarshal.Cast<T, BFloat16>(parts.Slice(at, count)), block[..count], at == start, reduction);
                Round(block[..count], rounded.Slice(start, count));
            }
            return;
        }
        parts[..length].CopyTo(destination);
        for (int at = length; at < parts.Length; at += length) Combine(destination, parts.Slice(at, length), destination, reduction);
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
            ReadOnlySpan<BFloat16> first = MemoryMarshal.Cast<T, BFloat16>(lower), second = MemoryMarshal.Cast<T, BFloat16>(upper);
            Span<BFloat16> result = MemoryMarshal.Cast<T, BFloat16>(destination);
            Span<float> block = stackalloc float[BlockLength];
            for (int start = 0; start < result.Length; start += BlockLength)
            {
                int count = Math.Min(BlockLength, result.Length - start);
                Take(first.Slice(start, count), block[..count], true, reduction);
                Take(second.Slice(start, count), block[..count], false, reduction);
                Round(block[..count], result.Slice(start, count));
            }
        }
    }

    /// <summary>Adds a rank's numbers to the totals in float32, or raises these to them; the first rank's are the totals.</summary>
    private static void Take(ReadOnlySpan<BFloat16> values, Span<float> totals, bool isFirst, Reduction reduction)
    {
        Span<float> block = stackalloc float[BlockLength];
        for (int start = 0; start < totals.Length; start += BlockLength)
        {
            Span<float> some = totals[start..Math.Min(start + BlockLength, totals.Length)];
            Span<float> widened = isFirst ? some : block[..some.Length];
            Widen(values.Slice(start, some.Length), widened);
            if (!isFirst) InOrder(some, widened, some, reduction);
        }
    }

    /// <summary>Rounds the totals.</summary>
    private static void Round(ReadOnlySpan<float> totals, Span<BFloat16> destination)
    {
        Span<ushort> bits = MemoryMarshal.Cast<BFloat16, ushort>(destination);
        int i = 0;
        for (; i <= totals.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
            Vector.Narrow(Rounded(new Vector<float>(totals[i..])), Rounded(new Vector<float>(totals[(i + Vector<float>.Count)..]))).CopyTo(bits[i..]);
        for (; i < totals.Length; i++) destination[i] = BFloat16.FromSingle(totals[i]);
    }

    // As BFloat16.FromSingle does it.
    private static Vector<uint> Rounded(Vector<float> values)
    {
        Vector<uint> bits = Vector.AsVectorUInt32(values);
        Vector<uint> rounded = (bits + new Vector<uint>(0x7FFF) + ((bits >>> 16) & Vector<uint>.One)) >>> 16;
        return Vector.ConditionalSelect(Vector.AsVectorUInt32(Vector.Equals(values, values)), rounded, (bits >>> 16) | new Vector<uint>(0x40));
    }

    private static void Widen(ReadOnlySpan<BFloat16> values, Span<float> destination)
    {
        ReadOnlySpan<ushort> bits = MemoryMarshal.Cast<BFloat16, ushort>(values);
        int i = 0;
        for (; i <= bits.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(bits[i..]), out Vector<uint> low, out Vector<uint> high);
            Vector.AsVectorSingle(low << 16).CopyTo(destination[i..]);
            Vector.AsVectorSingle(high << 16).CopyTo(destination[(i + Vector<float>.Count)..]);
        }
        for (; i < bits.Length; i++) destination[i] = values[i].ToSingle();
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

    private static void InOrder<T>(ReadOnlySpan<T> lower, ReadOnlySpan<T> upper, Span<T> destination, Reduction reduction)
        where T : unmanaged, INumber<T>
    {
        if (reduction == Reduction.Sum) TensorPrimitives.Add(lower, upper, destination);
        else TensorPrimitives.Max(lower, upper, destination);
    }

    private static ReadOnlySpan<T> Part<T>(byte[] source, int firstByte, int count)
        where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(source.AsSpan(firstByte, count * Unsafe.SizeOf<T>()));
}
