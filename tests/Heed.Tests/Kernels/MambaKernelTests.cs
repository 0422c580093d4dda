using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>Mamba's kernels: every instruction set, and every number of threads, has the bits of the scalar twin.</summary>
public sealed unsafe class MambaKernelTests
{
    [Fact]
    public void Softplus_EveryInstructionSet_IsExactToAFewUnitsAndHasTheBitsOfTheScalarTwin()
    {
        float[] x = [.. Numbers.Random(1, 4000, 20f), .. Numbers.Random(2, 400, 1f), 0f, -0f, 88f, 200f, -86f, -200f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 1e-20f];
        float[] expected = [.. x.Select(VectorMath.Softplus)];
        for (int i = 0; i < x.Length; i++)
        {
            if (float.IsFinite(x[i]) && x[i] > -87) Numbers.UlpError(expected[i], Math.Max(x[i], 0) + Double(Math.Exp(-Math.Abs((double)x[i])))).ShouldBeLessThan(4, $"softplus({x[i]:R})");
        }

        expected[^5].ShouldBe(0f);
        expected[^4].ShouldBe(float.PositiveInfinity);
        expected[^3].ShouldBe(0f);
        float.IsNaN(expected[^2]).ShouldBeTrue();
        Check<Sixteen128, Quad128>();
        Check<Sixteen256, Pair256>();
        Check<Sixteen512, Vector512<float>>();

        // ln(1 + z) without loss for small z.
        static double Double(double z) => z < 1e-5 ? z - (z * z / 2) : Math.Log(1 + z);

        void Check<L, V>()
            where L : ISixteen<V>
            where V : unmanaged
        {
            float[] got = new float[x.Length];
            fixed (float* source = x, target = got)
                for (int i = 0; i < x.Length; i += 16)
                    L.StorePart(target + i, Math.Min(16, x.Length - i), VectorMath.Softplus<L, V>(L.LoadPart(source + i, Math.Min(16, x.Length - i), 0f)));
            got.ShouldHaveBitsOf(expected, typeof(L).Name);
        }
    }

    [Theory]
    [InlineData(1, 1, 1, 1), InlineData(2, 5, 3, 4), InlineData(1, 3, 16, 4), InlineData(2, 9, 37, 3), InlineData(0, 4, 4, 4), InlineData(2, 2, 20, 5)]
    public void Convolution_EveryInstructionSet_HasTheBitsOfTheScalarTwin(int batch, int seq, int channels, int width)
    {
        CausalConvolution.Sizes sizes = new(batch, seq, channels, width);
        int count = batch * seq * channels, taps = width * channels, past = batch * (width - 1) * channels;
        float[] x = Numbers.Random(1, count), w = Numbers.Random(2, taps), bias = Numbers.Random(3, channels), g = Numbers.Random(4, count), start = Numbers.Random(5, past);
        int[] places = [.. Enumerable.Range(0, batch * seq).Select(i => i % 3 == 1 ? -1 : i % seq)];
        OnEveryPath((path, results) =>
        {
            float[] y = results(count), fresh = results(count), dx = results(count), dw = results(taps), db = results(channels), state = results(past), padded = results(past), skipping = results(count);
            start.CopyTo(state, 0);
            start.CopyTo(padded, 0);
            if (path is 3 or 4)
            {
                using WorkerPool pool = new(path == 3 ? 1 : 3);
                CausalConvolution.Forward(pool, sizes, x, w, bias, [], state, y);
                CausalConvolution.Forward(pool, sizes, x, w, bias, places, padded, skipping);
                CausalConvolution.Forward(pool, sizes, x, w, [], [], [], fresh);
                CausalConvolution.Backward(pool, sizes, x, w, g, dx, dw, db);
            }
            else if (path == 0) Run<ScalarSixteen, SixteenFloats>();
            else if (path == 1) Run<Sixteen128, Quad128>();
            else if (path == 2) Run<Sixteen256, Pair256>();
            else Run<Sixteen512, Vector512<float>>();

            void Run<L, V>()
                where L : ISixteen<V>
                where V : unmanaged
            {
                fixed (float* px = x, pw = w, pb = bias, pg = g, ps = state, py = y, pf = fresh, toX = dx, toW = dw, toB = db, past2 = padded, py2 = skipping)
                fixed (int* at = places)
                {
                    for (int part = 0; part < batch * sizes.Groups; part++)
                    {
                        CausalConvolution.ForwardCore<L, V>(part, sizes, px, pw, pb, null, ps, py);
                        CausalConvolution.ForwardCore<L, V>(part, sizes, px, pw, pb, at, past2, py2);
                        CausalConvolution.ForwardCore<L, V>(part, sizes, px, pw, null, null, null, pf);
                    }

                    for (int group = 0; group < sizes.Groups && count > 0; group++) CausalConvolution.BackwardCore<L, V>(group, sizes, px, pw, pg, toX, toW, toB);
                }
            }
        });
    }

    [Theory]
    [InlineData(1, 1, 1, 1), InlineData(2, 5, 3, 4), InlineData(1, 33, 16, 3), InlineData(2, 70, 37, 2), InlineData(1, 3, 85, 5), InlineData(0, 4, 4, 2)]
    public void Scan_EveryInstructionSet_HasTheBitsOfTheScalarTwin(int batch, int seq, int channels, int states)
    {
        SelectiveScanShape shape = new(batch, seq, channels, states);
        int count = batch * seq * channels, shared = batch * seq * states, size = states * channels;
        float[] x = Numbers.Random(1, count), delta = Numbers.Random(2, count), a = [.. Numbers.Random(3, size).Select(value => -MathF.Abs(value))];
        float[] b = Numbers.Random(4, shared), c = Numbers.Random(5, shared), skip = Numbers.Random(6, channels), g = Numbers.Random(7, count), start = Numbers.Random(8, batch * size);
        int[] places = [.. Enumerable.Range(0, batch * seq).Select(i => i % 3 == 1 ? -1 : i % seq)];
        OnEveryPath((path, results) =>
        {
            float[] y = results(count), fresh = results(count), kept = results(batch * shape.Chunks * size), state = results(batch * size);
            float[] dx = results(count), dd = results(count), da = results(size), db = results(shared), dc = results(shared), ds = results(channels);
            start.CopyTo(state, 0);
            if (path is 3 or 4)
            {
                using WorkerPool pool = new(path == 3 ? 1 : 3);
                SelectiveScan.Forward(pool, shape, x, delta, a, b, c, skip, places, state, y, []);
                SelectiveScan.Forward(pool, shape, x, delta, a, b, c, skip, [], [], fresh, kept);
                SelectiveScan.Backward(pool, shape, x, delta, a, b, c, skip, kept, g, dx, dd, da, db, dc, ds);
            }
            else if (path == 0) Run<ScalarSixteen, SixteenFloats>();
            else if (path == 1) Run<Sixteen128, Quad128>();
            else if (path == 2) Run<Sixteen256, Pair256>();
            else Run<Sixteen512, Vector512<float>>();

            void Run<L, V>()
                where L : ISixteen<V>
                where V : unmanaged
            {
                float[] toA = new float[batch * size], toB = new float[shape.Parts * shared], toC = new float[shape.Parts * shared], toSkip = new float[batch * channels];
                float[] scratch = new float[SelectiveScan.ScratchFloats(states)];
                fixed (float* px = x, pd = delta, pa = a, pb = b, pc = c, pk = skip, ps = state, py = y, pf = fresh, kp = kept, pg = g)
                fixed (float* gx = dx, gd = dd, ga = toA, gb = toB, gc = toC, gs = toSkip, own = scratch)
                fixed (int* at = places)
                {
                    SelectiveScan.Inputs inputs = new(px, pd, pa, pb, pc, pk);
                    for (int part = 0; part < batch * shape.Groups; part++)
                    {
                        SelectiveScan.ForwardCore<L, V>(part, shape, inputs, at, ps, py, null);
                        SelectiveScan.ForwardCore<L, V>(part, shape, inputs, null, null, pf, kp);
                    }

                    for (int part = 0; part < batch * shape.Parts; part++)
                        SelectiveScan.BackwardCore<L, V>(part, shape, inputs, kp, pg, new(gx, gd, ga, gb, gc, gs), own);
                }

                for (int i = 0; i < toA.Length; i++) da[i % size] += toA[i];
                for (int i = 0; i < toSkip.Length; i++) ds[i % channels] += toSkip[i];
                for (int i = 0; i < toB.Length; i++) (db[i % shared], dc[i % shared]) = (db[i % shared] + toB[i], dc[i % shared] + toC[i]);
            }
        });
    }

    /// <summary>0 is the scalar twin; 1, 2 and 5 the widths; 3 and 4 what callers use, with one thread and three.</summary>
    private static void OnEveryPath(Action<int, Func<int, float[]>> run)
    {
        List<float[]> expected = [];
        for (int path = 0; path < 6; path++)
        {
            List<float[]> got = [];
            run(path, count =>
            {
                got.Add(new float[count]);
                return got[^1];
            });
            if (path == 0) expected = got;
            for (int i = 0; i < got.Count; i++) got[i].ShouldHaveBitsOf(expected[i], $"path {path}, result {i}");
        }
    }
}
