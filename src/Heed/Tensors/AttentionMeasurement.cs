using System.Diagnostics;
using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>
/// Attention in training, tiled as this library computes it (Dao et al. 2022, arXiv 2205.14135) and in the standard form that
/// writes its scores out: work and traffic, predicted and counted by the kernels, and times. Every query sees every key.
/// </summary>
public sealed record AttentionMeasurement
{
    private const int Tile = FlashAttention.TileKeys;

    /// <summary>The length of the sequence.</summary>
    public required int Tokens { get; init; }

    /// <summary>Multiply-adds of the standard form's six products, forward and backward.</summary>
    public long StandardMultiplyAdds { get; private init; }

    /// <summary>Multiply-adds of the tiled form's seven, as predicted.</summary>
    public long PredictedMultiplyAdds { get; private init; }

    /// <summary>The same as the kernels counted it.</summary>
    public long MultiplyAdds { get; private init; }

    /// <summary>Bytes that the standard form reads and writes, forward and backward.</summary>
    public long StandardBytes { get; private init; }

    /// <summary>Bytes that the tiled form reads and writes, as predicted.</summary>
    public long PredictedBytes { get; private init; }

    /// <summary>The same as the kernels counted it.</summary>
    public long Bytes { get; private init; }

    /// <summary>What the standard form keeps from its forward to its backward pass beside q, k, v and the output: the probabilities.</summary>
    public long StandardKeptBytes { get; private init; }

    /// <summary>What the tiled form keeps: a logarithm for each row.</summary>
    public long KeptBytes { get; private init; }

    /// <summary>The fastest forward pass.</summary>
    public TimeSpan Forward { get; private init; }

    /// <summary>The fastest backward pass.</summary>
    public TimeSpan Backward { get; private init; }

    /// <summary>Both passes of the standard form by this library's own products and softmax; null where it was not measured.</summary>
    public TimeSpan? Standard { get; private init; }

    /// <summary>Measures one length.</summary>
    /// <param name="heads">The number of heads.</param>
    /// <param name="headDim">The size of a head.</param>
    /// <param name="tokens">The length of the sequence.</param>
    /// <param name="threads">The number of threads.</param>
    /// <param name="repeats">How often each pass is timed.</param>
    /// <param name="standard">Whether the standard form is timed too; it takes several times heads·tokens² floats.</param>
    /// <param name="cancellation">Looked at between passes.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below 1.</exception>
    public static AttentionMeasurement Measure(int heads, int headDim, int tokens, int threads, int repeats = 3, bool standard = true, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headDim, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(repeats, 1);
        AttentionCost plain = AttentionCost.StandardForward(heads, tokens, tokens, headDim, headDim) + AttentionCost.StandardBackward(heads, tokens, tokens, headDim, headDim);
        AttentionCost tiled = AttentionCost.TiledForward(heads, tokens, tokens, headDim, headDim, Tile)
            + AttentionCost.TiledBackward(heads, tokens, tokens, headDim, headDim, Tile, (long)FlashAttention.QueryBlock * Tile);
        using WorkerPool pool = new(threads);
        Rows rows = new(heads, headDim, tokens);
        AttentionCounter counter = new();
        TimeSpan forward = TimeSpan.MaxValue, backward = TimeSpan.MaxValue;
        for (int i = 0; i <= repeats; i++)
        {
            // The first round warms up, and counts.
            cancellation.ThrowIfCancellationRequested();
            TimeSpan there = Time(() => rows.Forward(pool, i == 0 ? counter : null)), back = Time(() => rows.Backward(pool, i == 0 ? counter : null));
            if (i == 0) continue;
            (forward, backward) = (Least(forward, there), Least(backward, back));
        }
        return new AttentionMeasurement
        {
            Tokens = tokens,
            StandardMultiplyAdds = plain.MultiplyAdds,
            PredictedMultiplyAdds = tiled.MultiplyAdds,
            MultiplyAdds = counter.MultiplyAdds,
            StandardBytes = plain.Bytes,
            PredictedBytes = tiled.Bytes,
            Bytes = counter.Bytes,
            StandardKeptBytes = (long)heads * tokens * tokens * sizeof(float),
            KeptBytes = (long)heads * tokens * sizeof(float),
            Forward = forward,
            Backward = backward,
            Standard = standard ? TimeStandard(heads, headDim, tokens, threads, repeats, cancellation) : null,
        };
    }

    private static TimeSpan TimeStandard(int heads, int headDim, int tokens, int threads, int repeats, CancellationToken cancellation)
    {
        using Device device = Device.CreateCpu(threads);
        using TensorScope scope = new(), data = new();
        using TensorScope.Lease all = data.Enter();
        Random random = new(1);
        Shape shape = new(heads, tokens, headDim);
        Tensor[] inputs = [.. Enumerable.Range(0, 4).Select(_ => Tensor.Normal(shape, random, 0, 1, device))];
        foreach (Tensor input in inputs.AsSpan(0, 3)) input.RequiresGradient = true;
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i <= repeats; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            TimeSpan time = Time(() => RunStandard(inputs, 1 / Math.Sqrt(headDim), scope));
            if (i > 0) best = Least(best, time);
        }
        return best;
    }

    private static void RunStandard(Tensor[] inputs, double scale, TensorScope scope)
    {
        using TensorScope.Lease lease = scope.Enter();
        using GradientTape tape = new();
        Tensor scores = inputs[0].MatMul(inputs[1].Transpose(1, 2)) * scale; // [heads, query, key]
        Tensor output = Ops.Softmax(scores).MatMul(inputs[2]); // [heads, query, headDim]
        tape.Backward(output, inputs[3]);
        foreach (Tensor input in inputs) input.ClearGradient();
    }

    private static TimeSpan Time(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start);
    }

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>The data of one sequence, rows [tokens, heads·headDim], and its gradients.</summary>
    private sealed class Rows
    {
        private readonly AttentionShape _shape;
        private readonly int[] _limits;
        private readonly float[] _q, _k, _v, _output, _outputGradient, _logSumExp, _dq, _dk, _dv;

        public Rows(int heads, int headDim, int tokens)
        {
            _shape = new AttentionShape
            {
                Batch = 1,
                Queries = tokens,
                Heads = heads,
                KvHeads = heads,
                HeadDim = headDim,
                ValueDim = headDim,
                KeyCapacity = tokens,
                Scale = 1 / MathF.Sqrt(headDim),
            };
            _limits = new int[tokens];
            Array.Fill(_limits, tokens - 1);
            int count = checked(tokens * heads * headDim);
            Random random = new(1);
            (_q, _k, _v, _outputGradient) = (Values(random, count), Values(random, count), Values(random, count), Values(random, count));
            (_output, _dq, _dk, _dv, _logSumExp) = (new float[count], new float[count], new float[count], new float[count], new float[tokens * heads]);
        }

        public void Forward(WorkerPool pool, AttentionCounter? counter) =>
            FlashAttention.OverRows(_shape, Range(_q), Range(_k), Range(_v), _limits, [], _output, _logSumExp, pool, counter);

        public void Backward(WorkerPool pool, AttentionCounter? counter) => FlashAttention.OverRowsBackward(_shape, Range(_q), Range(_k), Range(_v),
            _output, _outputGradient, _logSumExp, _limits, [], Range(_dq), Range(_dk), Range(_dv), pool, counter);

        private HeadRows Range(float[] rows)
        {
            int width = _shape.Heads * _shape.HeadDim;
            return new HeadRows(rows, _shape.Queries * width, width, _shape.HeadDim);
        }

        private static float[] Values(Random random, int count)
        {
            float[] values = new float[count];
            for (int i = 0; i < count; i++) values[i] = (float)(random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 2;
            return values;
        }
    }
}
