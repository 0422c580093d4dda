using Heed.Distributed;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Training.Ranks;

/// <summary>
/// AdamW whose moments are shared out among the ranks (ZeRO's first stage, Rajbhandari et al. 2019, arXiv 1910.02054): each rank has the moments of its
/// part of every bucket, moves that part of the parameters, and gives it to the others.
/// </summary>
internal sealed class ShardedAdamW : IOptimizer
{
    private readonly TrainingOptions _options;
    private readonly GradientBuckets _buckets;
    private readonly ICommunicator _ranks;
    private readonly bool _wholeGradients;
    private readonly Tensor[] _first;
    private readonly Tensor[] _second;
    private readonly Piece[] _pieces;

    /// <param name="buckets">How gradients lie; their <see cref="GradientBucket.Own"/> holds this rank's part.</param>
    /// <param name="options">Decay, betas, ε, the seed of bfloat16's rounding.</param>
    /// <param name="ranks">Those that share the moments.</param>
    public ShardedAdamW(GradientBuckets buckets, TrainingOptions options, ICommunicator ranks)
    {
        (_buckets, _options, _ranks, _wholeGradients) = (buckets, options, ranks, options.DeterministicParts > 0);
        _first = [.. buckets.All.Select(Zeros)];
        _second = [.. buckets.All.Select(Zeros)];
        _pieces = [.. buckets.All.SelectMany((bucket, i) => PiecesOf(bucket, i))];
    }

    public long Step { get; set; }

    public long MomentBytes => _first.Concat(_second).Sum(moment => (long)moment.ElementCount * sizeof(float));

    public double GradientNorm()
    {
        // The same sums in the same order as without sharing: the same bits.
        if (_wholeGradients) return Math.Sqrt(ShardedParameters.SquaredGradientNorm(_buckets.Parameters));
        double alike = 0, cut = 0;
        ICommunicator? model = null;
        foreach (Piece piece in _pieces)
        {
            if (!_buckets.Present[piece.Number]) continue;
            if (_buckets.Parameters[piece.Number].Shard is null) alike += Square(piece);
            else cut += Square(piece);
        }
        foreach (Parameter parameter in _buckets.Parameters) model ??= parameter.Shard?.Ranks;
        double[] all = new double[2 * _ranks.Size];
        _ranks.AllGather<double>([alike, cut], all);
        (alike, cut) = (0, 0);
        for (int rank = 0; rank < _ranks.Size; rank++) (alike, cut) = (alike + all[2 * rank], cut + all[2 * rank + 1]);
        Span<double> sum = [cut];
        model?.AllReduce(sum);
        return Math.Sqrt(alike + sum[0]);
    }

    public void Update(double learningRate, double gradientScale = 1)
    {
        Step++;
        foreach (Piece piece in _pieces)
        {
            if (!_buckets.Present[piece.Number]) continue;
            AdamWStep step = AdamW.StepOf(_options, _buckets.Parameters[piece.Number], piece.Number, learningRate, gradientScale, Step) with { FirstElement = piece.Start };
            piece.Value.BeginWrite("AdamW");
            piece.Value.Backend.AdamW(piece.Value, piece.Gradient, piece.First, piece.Second, step);
            piece.Value.AsSpan().CopyTo(piece.Gradient.AsSpan());
        }
        foreach (GradientBucket bucket in _buckets.All) Spread(bucket);
    }

    public IReadOnlyList<Parameter> Places() =>
    [
        .. _buckets.Parameters.Select(parameter => Like(parameter, "first")),
        .. _buckets.Parameters.Select(parameter => Like(parameter, "second")),
    ];

    public IReadOnlyList<Parameter> Gather(ICommunicator ranks)
    {
        IReadOnlyList<Parameter> places = ranks.Rank == 0 ? Places() : [];
        for (int i = 0; i < _buckets.All.Count; i++)
        {
            Gather(_buckets.All[i], _first[i], places.Take(_buckets.Parameters.Count), ranks);
            Gather(_buckets.All[i], _second[i], places.Skip(_buckets.Parameters.Count), ranks);
        }
        return places;
    }

    public void Scatter(IReadOnlyList<Parameter> whole, ICommunicator ranks)
    {
        for (int i = 0; i < _buckets.All.Count; i++)
        {
            Scatter(_buckets.All[i], _first[i], whole.Take(_buckets.Parameters.Count), ranks);
            Scatter(_buckets.All[i], _second[i], whole.Skip(_buckets.Parameters.Count), ranks);
        }
    }

    private IEnumerable<Piece> PiecesOf(GradientBucket bucket, int number)
    {
        foreach (GradientPiece piece in bucket.Pieces)
        {
            (int start, int at, int count) = bucket.Share(piece, _ranks.Rank);
            if (count == 0) continue;
            Tensor value = _buckets.Parameters[piece.Parameter].Value;
            yield return new Piece(piece.Parameter, start, value.Reshape(value.ElementCount).Slice(0, start, count), bucket.Own.Slice(0, at, count),
                _first[number].Slice(0, at, count), _second[number].Slice(0, at, count));
        }
    }

    /// <summary>Gives this rank's part of a bucket's parameters to the others and takes theirs.</summary>
    private void Spread(GradientBucket bucket)
    {
        _ranks.AllGather<float>(bucket.Own.AsSpan(), bucket.Memory.AsSpan());
        foreach (GradientPiece piece in bucket.Pieces)
        {
            Tensor value = _buckets.Parameters[piece.Parameter].Value;
            value.ClearGradient();
            if (!_buckets.Present[piece.Parameter]) continue;
            value.BeginWrite("AdamW");
            GradientBucket.Place(bucket.Memory, piece).CopyTo(value.AsSpan());
        }
    }

    private double Square(in Piece piece)
    {
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        double sum = 0;
        foreach ((int start, int count) in Counted(_buckets.Parameters[piece.Number]))
        {
            int begin = Math.Max(start, piece.Start), end = Math.Min(start + count, piece.Start + piece.Gradient.ElementCount);
            if (begin >= end) continue;
            Tensor part = piece.Gradient.Slice(0, begin - piece.Start, end - begin);
            sum += part.Backend.SquaredNorm(part);
        }
        return sum;
    }

    /// <summary>The elements of a rank's tensor that count in a sum over the ranks of a model: those that a rank before it holds too do not.</summary>
    private static IEnumerable<(int Start, int Count)> Counted(Parameter parameter)
    {
        int count = parameter.Value.ElementCount;
        if (parameter.Shard?.PartialGradient is not { Ranks.Rank: > 0 } partial)
        {
            yield return (0, count);
            yield break;
        }
        int row = count / Math.Max(1, parameter.Value.Shape[0]), end = (partial.FirstRow + partial.Rows) * row;
        if (partial.FirstRow > 0) yield return (0, partial.FirstRow * row);
        if (end < count) yield return (end, count - end);
    }

    private static void Gather(GradientBucket bucket, Tensor own, IEnumerable<Parameter> places, ICommunicator ranks)
    {
        if (ranks.Rank > 0)
        {
            ranks.Send<float>(own.AsSpan(), 0);
            return;
        }
        Parameter[] whole = [.. places];
        float[] part = own.ToArray();
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            if (rank > 0) ranks.Receive(part.AsSpan(), rank);
            foreach (GradientPiece piece in bucket.Pieces)
            {
                (int start, int at, int count) = bucket.Share(piece, rank);
                part.AsSpan(at, count).CopyTo(whole[piece.Parameter].Value.AsSpan()[start..]);
            }
        }
    }

    private static void Scatter(GradientBucket bucket, Tensor own, IEnumerable<Parameter> places, ICommunicator ranks)
    {
        own.BeginWrite("AdamW");
        if (ranks.Rank > 0)
        {
            ranks.Receive(own.AsSpan(), 0);
            return;
        }
        Parameter[] whole = [.. places];
        for (int rank = ranks.Size - 1; rank >= 0; rank--)
        {
            float[] part = new float[bucket.PartLength];
            foreach (GradientPiece piece in bucket.Pieces)
            {
                (int start, int at, int count) = bucket.Share(piece, rank);
                whole[piece.Parameter].Value.AsSpan().Slice(start, count).CopyTo(part.AsSpan(at));
            }
            if (rank > 0) ranks.Send<float>(part, rank);
            else part.CopyTo(own.AsSpan());
        }
    }

    private static Parameter Like(in Parameter parameter, string moment) =>
        parameter with { Name = $"{moment}.{parameter.Name}", Value = Tensor.AllocateUnscoped(parameter.Value.Shape, parameter.Value.Device) };

    private static Tensor Zeros(GradientBucket bucket)
    {
        Tensor zeros = Tensor.AllocateUnscoped(new Shape(bucket.PartLength), bucket.Device);
        zeros.Backend.Fill(zeros, 0);
        return zeros;
    }

    /// <summary>What this rank moves of a parameter: views.</summary>
    private readonly record struct Piece(int Number, int Start, Tensor Value, Tensor Gradient, Tensor First, Tensor Second);
}
