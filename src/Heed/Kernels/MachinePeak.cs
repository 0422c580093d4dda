using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>What the machine can do at best: fused multiply-adds in registers, and reading memory from one end to the other.</summary>
internal static unsafe class MachinePeak
{
    public const int Multiplies = 4_000_000;

    /// <summary>Floating-point operations of one part of <see cref="MultiplyAdds"/>.</summary>
    public static double PartOperations => 2.0 * 24 * Multiplies * (Vector512.IsHardwareAccelerated ? 16 : 8);

    public static void MultiplyAdds(WorkerPool pool)
    {
        MultiplyAddJob job = default;
        if (pool.Threads == 1) job.Execute(0);
        else pool.Run(ref job, pool.Threads);
    }

    public static void Read(WorkerPool pool, NativeBuffer buffer)
    {
        ReadJob job = new() { Start = (float*)buffer.Pointer, Floats = buffer.Bytes / sizeof(float), Parts = pool.Threads == 1 ? 1 : pool.Threads * 8 };
        pool.Run(ref job, job.Parts);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Chains512()
    {
        Vector512<float> x = Vector512.Create(0.999f), y = Vector512.Create(0.001f);
        Vector512<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int n = 0; n < 2 * Multiplies; n++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y); b = Vector512.FusedMultiplyAdd(b, x, y); c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y); e = Vector512.FusedMultiplyAdd(e, x, y); f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y); h = Vector512.FusedMultiplyAdd(h, x, y); i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y); k = Vector512.FusedMultiplyAdd(k, x, y); l = Vector512.FusedMultiplyAdd(l, x, y);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Chains256()
    {
        Vector256<float> x = Vector256.Create(0.999f), y = Vector256.Create(0.001f);
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int n = 0; n < 2 * Multiplies; n++)
        {
            a = Vector256.FusedMultiplyAdd(a, x, y); b = Vector256.FusedMultiplyAdd(b, x, y); c = Vector256.FusedMultiplyAdd(c, x, y);
            d = Vector256.FusedMultiplyAdd(d, x, y); e = Vector256.FusedMultiplyAdd(e, x, y); f = Vector256.FusedMultiplyAdd(f, x, y);
            g = Vector256.FusedMultiplyAdd(g, x, y); h = Vector256.FusedMultiplyAdd(h, x, y); i = Vector256.FusedMultiplyAdd(i, x, y);
            j = Vector256.FusedMultiplyAdd(j, x, y); k = Vector256.FusedMultiplyAdd(k, x, y); l = Vector256.FusedMultiplyAdd(l, x, y);
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Sum512(float* p, float* end)
    {
        Vector512<float> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
        for (; p < end; p += 128)
        {
            a += Vector512.Load(p); b += Vector512.Load(p + 16); c += Vector512.Load(p + 32); d += Vector512.Load(p + 48);
            e += Vector512.Load(p + 64); f += Vector512.Load(p + 80); g += Vector512.Load(p + 96); h += Vector512.Load(p + 112);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h);
    }

    private struct MultiplyAddJob : IPoolJob
    {
        public float Sink;

        public void Execute(int part) => Sink = Vector512.IsHardwareAccelerated ? Chains512() : Chains256();
    }

    private struct ReadJob : IPoolJob
    {
        public float* Start;
        public long Floats;
        public int Parts;
        public float Sink;

        public void Execute(int part)
        {
            long size = Floats / Parts / 128 * 128;
            float* from = Start + (part * size);
            Sink = Sum512(from, part == Parts - 1 ? Start + (Floats / 128 * 128) : from + size);
        }
    }
}
