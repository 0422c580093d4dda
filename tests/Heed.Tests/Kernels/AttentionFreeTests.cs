using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>Attention-free mixing: every instruction set, and every number of threads, has the bits of the scalar twin.</summary>
public sealed unsafe class AttentionFreeTests
{
    public static TheoryData<int, int, int, bool> Sizes => new()
    {
        { 1, 1, 1, true }, { 1, 1, 1, false }, { 2, 5, 3, true }, { 1, 33, 16, false }, { 1, 70, 37, true }, { 2, 67, 20, false }, { 0, 4, 4, true }, { 3, 4, 0, true },
    };

    [Theory, MemberData(nameof(Sizes))]
    public void Scan_EveryInstructionSet_HasTheBitsOfTheScalarTwin(int batch, int seq, int dim, bool causal)
    {
        AttentionFreeShape shape = new(batch, seq, dim, causal);
        int count = batch * seq * dim, rows = batch * (causal ? seq : 1) * dim, past = batch * 3 * dim;
        float[] k = Numbers.Random(1, count, 40f), v = Numbers.Random(2, count), g = Numbers.Random(3, rows), start = Numbers.Random(4, past, 10f);
        int[] places = causal ? Places(batch, seq) : [];
        for (int i = 0; i < start.Length; i++) start[i] = i / Math.Max(1, dim) % 3 == 2 ? MathF.Abs(start[i]) : start[i];
        OnEveryPath((path, results) =>
        {
            float[] average = results(rows), norms = results(2 * rows), fresh = results(rows), freshNorms = results(2 * rows), dk = results(count), dv = results(count), state = results(past);
            start.CopyTo(state, 0);
            if (path is 3 or 4)
            {
                using WorkerPool pool = new(path == 3 ? 1 : 3);
                AttentionFreeScan.Forward(pool, shape, k, v, places, state, average, norms);
                AttentionFreeScan.Forward(pool, shape, k, v, [], [], fresh, freshNorms);
                AttentionFreeScan.Backward(pool, shape, k, v, fresh, freshNorms, g, dk, dv);
                return;
            }

            for (int part = 0; part < batch * shape.Groups; part++)
            {
                if (path == 0) Run<ScalarSixteen, SixteenFloats>(part);
                else if (path == 1) Run<Sixteen128, Quad128>(part);
                else if (path == 2) Run<Sixteen256, Pair256>(part);
                else Run<Sixteen512, Vector512<float>>(part);
            }

            void Run<L, V>(int part)
                where L : ISixteen<V>
                where V : unmanaged
            {
                fixed (float* pk = k, pv = v, pg = g, y = average, n = norms, f = fresh, fn = freshNorms, toK = dk, toV = dv, s = state)
                fixed (int* at = places)
                {
                    AttentionFreeScan.ForwardCore<L, V>(part, shape, pk, pv, at, s, y, n);
                    AttentionFreeScan.ForwardCore<L, V>(part, shape, pk, pv, null, null, f, fn);
                    AttentionFreeScan.BackwardCore<L, V>(part, shape, pk, pv, f, fn, pg, toK, toV);
                }
            }
        });
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Band_EveryInstructionSet_HasTheBitsOfTheScalarTwin(int batch, int seq, int dim, bool causal)
    {
        AttentionFreeShape shape = new(batch, seq, dim, causal);
        foreach (int window in new[] { 1, 4, 200 })
        {
            int count = batch * seq * dim, width = (2 * window) - 1, positions = seq + 7, reach = Math.Min(window, positions);
            float[] k = Numbers.Random(1, count, 40f), v = Numbers.Random(2, count), g = Numbers.Random(3, count), w = Numbers.Random(4, positions * width, 40f);
            float[] start = [.. Numbers.Random(5, batch * AttentionFreeBand.StateRows(reach) * dim, 10f).Select(MathF.Abs)];
            int[] places = causal ? Places(batch, seq) : [];
            OnEveryPath((path, results) =>
            {
                float[] average = results(count), norms = results(2 * count), fresh = results(count), freshNorms = results(2 * count);
                float[] dk = results(count), dv = results(count), dw = results(w.Length), state = results(start.Length);
                start.CopyTo(state, 0);
                PositionBiasRows bias = new() { Left = w, Stride = width, Window = window };
                if (path is 3 or 4)
                {
                    using WorkerPool pool = new(path == 3 ? 1 : 3);
                    if (causal) AttentionFreeBand.Forward(pool, shape, k, v, bias, places, state, average, norms);
                    AttentionFreeBand.Forward(pool, shape, k, v, bias, [], [], fresh, freshNorms);
                    AttentionFreeBand.Backward(pool, shape, k, v, bias, fresh, freshNorms, g, dk, dv, dw);
                }
                else if (path == 0) Run<ScalarSixteen, SixteenFloats>(bias);
                else if (path == 1) Run<Sixteen128, Quad128>(bias);
                else if (path == 2) Run<Sixteen256, Pair256>(bias);
                else Run<Sixteen512, Vector512<float>>(bias);

                void Run<L, V>(in PositionBiasRows bias)
                    where L : ISixteen<V>
                    where V : unmanaged
                {
                    if (count == 0) return;
                    fixed (float* pk = k, pv = v, pw = w, pg = g, y = average, n = norms, f = fresh, fn = freshNorms, toK = dk, toV = dv, toW = dw, s = state)
                    fixed (int* at = places)
                    {
                        AttentionFreeBand.Work work = new(shape, bias, pw, pk, pv);
                        AttentionFreeBand.Given given = new(f, fn, pg);
                        float[] scratch = new float[Math.Max(work.ForwardFloats, Math.Max(AttentionFreeBand.BackwardFloats(shape), AttentionFreeBand.BandFloats(work)))];
                        fixed (float* own = scratch)
                        {
                            for (int part = 0; part < batch * shape.Groups; part++)
                            {
                                if (causal) AttentionFreeBand.ForwardCore<L, V>(part, work, at, s, y, n, own);
                                AttentionFreeBand.ForwardCore<L, V>(part, work, null, null, f, fn, own);
                                AttentionFreeBand.BackwardCore<L, V>(part, work, given, toK, toV, own);
                            }

                            for (int part = 0; part < (seq + 7) / 8; part++) AttentionFreeBand.BandCore<L, V>(part, work, given, toW, own);
                        }
                    }
                }
            });
        }
    }

    /// <summary>Each row begins at another place, with padding at its beginning, its end, or, every third row, in between.</summary>
    private static int[] Places(int batch, int seq)
    {
        int[] places = new int[batch * seq];
        for (int row = 0; row < batch; row++)
            for (int t = 0, position = 2 * row; t < seq; t++)
                places[(row * seq) + t] = (row % 3 == 0 ? t == 0 : row % 3 == 1 ? t == seq - 1 : t == seq / 2) ? -1 : position++;
        return places;
    }

    /// <summary>Four times the positions take four times the memory: no [seq, seq] anywhere.</summary>
    [Fact]
    public void Tile_Scratch_GrowsLinearlyWithSeq()
    {
        long one = AttentionFreeTile.Work.Floats(new AttentionFreeShape(2, 1024, 64, true)), four = AttentionFreeTile.Work.Floats(new AttentionFreeShape(2, 4096, 64, true));
        four.ShouldBe(4 * one);
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Tile_EveryInstructionSet_HasTheBitsOfTheScalarTwin(int batch, int seq, int dim, bool causal)
    {
        AttentionFreeShape shape = new(batch, seq, dim, causal);
        int count = batch * seq * dim;
        // Wide enough that blocks are done exactly here and there.
        float[] k = Numbers.Random(1, count, 60f), v = Numbers.Random(2, count), g = Numbers.Random(3, count), w = Numbers.Random(4, seq * seq, 60f);
        OnEveryPath((path, results) =>
        {
            float[] average = results(count), norms = results(2 * count), dk = results(count), dv = results(count), dw = results(seq * seq);
            using WorkerPool pool = new(path == 4 ? 3 : 1);
            PositionBiasRows bias = new() { Left = w, Stride = seq }, dBias = new() { Left = dw, Stride = seq };
            if (path is 3 or 4)
            {
                AttentionFreeTile.Forward(pool, shape, k, v, bias, 0, average, norms);
                AttentionFreeTile.Backward(pool, shape, k, v, bias, average, norms, g, dk, dv, dBias);
            }
            else if (path == 0) Run<ScalarSixteen, SixteenFloats>(pool, shape, k, v, w, average, norms, g, dk, dv, dw);
            else if (path == 1) Run<Sixteen128, Quad128>(pool, shape, k, v, w, average, norms, g, dk, dv, dw);
            else if (path == 2) Run<Sixteen256, Pair256>(pool, shape, k, v, w, average, norms, g, dk, dv, dw);
            else Run<Sixteen512, Vector512<float>>(pool, shape, k, v, w, average, norms, g, dk, dv, dw);
        });
    }

    private static void Run<L, V>(WorkerPool pool, AttentionFreeShape shape, float[] k, float[] v, float[] w, float[] average, float[] norms,
        float[] g, float[] dk, float[] dv, float[] dw)
        where L : ISixteen<V>
        where V : unmanaged
    {
        if (k.Length == 0) return;
        using AttentionFreeTile.Scratch scratch = new(pool, shape);
        float[] stripe = new float[AttentionFreeTile.Block * shape.Seq];
        fixed (float* pk = k, pv = v, y = average, n = norms, pg = g, toK = dk, toV = dv, toW = stripe)
        {
            AttentionFreeTile.Work work = new(shape, pk, pv, scratch);
            for (int part = 0; part < shape.Batch * work.Blocks; part++) AttentionFreeTile.KeysCore<L, V>(work, part);
            for (int first = 0; first < shape.Seq; first += AttentionFreeTile.Block)
            {
                work = work.At(first);
                Span<float> biases = scratch.Stripe(work.Columns);
                for (int r = 0; r < work.Rows; r++) w.AsSpan((first + r) * shape.Seq, work.Columns).CopyTo(biases[(r * work.Columns)..]);
                for (int r = 0; r < work.Rows; r++) AttentionFreeTile.WeightsCore<L, V>(work, r);
                for (int part = 0; part < shape.Batch * shape.Groups; part++) AttentionFreeTile.ForwardCore<L, V>(work, part, y, n);
                for (int block = 0; block * AttentionFreeTile.Block < work.Columns; block++)
                    AttentionFreeTile.BackwardCore<L, V>(work, block, new(y, n, pg, toK, toV, toW));
                for (int r = 0; r < work.Rows; r++)
                    for (int c = 0; c < work.Columns; c++) dw[((first + r) * shape.Seq) + c] += stripe[(r * work.Columns) + c];
            }
        }
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
            for (int i = 0; i < got.Count; i++)
            {
                got[i].ShouldAllBe(value => float.IsFinite(value));
                got[i].ShouldHaveBitsOf(expected[i], $"path {path}, result {i}");
            }
        }
    }
}
