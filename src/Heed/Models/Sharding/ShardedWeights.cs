using Heed.Distributed;
using Heed.Kernels.Quantization;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Sharding;

/// <summary>
/// A rank's share of another source's layers: those that make heads or inner features by rows, those that take them by columns, the vocabulary by rows,
/// all else whole. Is asked for the sizes of the rank's own configuration and knows the whole one.
/// </summary>
internal sealed class ShardedWeights : IWeightSource
{
    private readonly IWeightSource _weights;
    private readonly ModelConfig _whole;
    private readonly ICommunicator _ranks;
    private readonly HeadCut _heads;
    private readonly VocabularyRanges _vocabulary;
    private readonly string _prefix;
    private readonly SequenceShare? _sequence;
    private readonly Dictionary<Tensor, ParameterShard> _shards;
    private readonly Dictionary<int, ICommunicator> _sharers;

    public ShardedWeights(ModelConfig whole, IWeightSource weights, ICommunicator ranks, SequenceShare? sequence)
        : this(whole, weights, ranks, sequence, "", new Dictionary<Tensor, ParameterShard>(ReferenceEqualityComparer.Instance), [])
    {
    }

    private ShardedWeights(ModelConfig whole, IWeightSource weights, ICommunicator ranks, SequenceShare? sequence, string prefix, Dictionary<Tensor, ParameterShard> shards, Dictionary<int, ICommunicator> sharers)
    {
        (_whole, _weights, _ranks, _sequence, _prefix, _shards, _sharers) = (whole, weights, ranks, sequence, prefix, shards, sharers);
        _heads = new HeadCut(whole, ranks.Rank, ranks.Size);
        _vocabulary = new VocabularyRanges(whole.VocabSize, ranks.Size);
    }

    public Device Device => _weights.Device;

    /// <summary>What the tensors that belong to no layer of their own are parts of.</summary>
    public IReadOnlyDictionary<Tensor, ParameterShard> Shards => _shards;

    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null)
    {
        CheckWhole(name, slice);
        int heads = _whole.NumHeads, keyValues = _whole.KvHeads * (_whole.HeadSize + _whole.ValueHeadSize), inner = _whole.FeedForwardSize, own = inner / _ranks.Size;
        return name switch
        {
            WeightNames.Qkv => ByRows(name, inFeatures, _whole.QkvSize, bias, _heads.Qkv, sharedFrom: _heads.Heads * _whole.HeadSize),
            WeightNames.GlobalQuery or WeightNames.CrossQuery => ByRows(name, inFeatures, heads * _whole.HeadSize, bias, _heads.Query),
            WeightNames.GlobalKeyValue or WeightNames.CrossKeyValue => ByRows(name, inFeatures, keyValues, bias, _heads.KeyValue, sharedFrom: 0),
            WeightNames.AttentionOutput or WeightNames.CrossOutput => ByColumns(name, heads * _whole.ValueHeadSize, outFeatures, bias, _heads.OutputColumns),
            WeightNames.Up when _whole.GatedFeedForward => ByRows(name, inFeatures, 2 * inner, bias, new MatrixSlice([(_ranks.Rank * own, own), (inner + _ranks.Rank * own, own)])),
            WeightNames.Up => ByRows(name, inFeatures, inner, bias, new MatrixSlice([(_ranks.Rank * own, own)])),
            WeightNames.Down => ByColumns(name, inner, outFeatures, bias, (_ranks.Rank * own, own)),
            WeightNames.Output => new VocabularyParallelLinear(_weights.Linear(name, inFeatures, outFeatures, bias, VocabularySlice), outFeatures, _ranks) { Sequence = _sequence },
            _ => _weights.Linear(name, inFeatures, outFeatures, bias),
        };
    }

    public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null)
    {
        CheckWhole(name, slice);
        if (name == WeightNames.Embedding) return new VocabularyParallelEmbedding(_weights.Embedding(name, count, dim, VocabularySlice), count, _ranks) { Sequence = _sequence };
        if (name != WeightNames.RelativeBias)
            return _sequence is null ? _weights.Embedding(name, count, dim) : new SequenceParallelEmbedding(_weights.Embedding(name, count, dim), _ranks, _sequence);
        MatrixSlice columns = new([(0, count)], _heads.FirstHead, _heads.Heads);
        Embedding table = _weights.Embedding(name, count, _whole.NumHeads, columns);
        foreach (Parameter parameter in table.Parameters(name)) _shards[parameter.Value] = new ParameterShard(Shape.Of(count, _whole.NumHeads), columns, _ranks);
        return table;
    }

    public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null)
    {
        CheckWhole(name, slice);
        if (name == WeightNames.AttentionSinks)
        {
            Shape whole = new(_whole.NumHeads);
            MatrixSlice own = new([(_heads.FirstHead, _heads.Heads)]);
            Tensor sinks = _weights.Tensor(name, whole, own);
            _shards[sinks] = new ParameterShard(whole, own, _ranks);
            return sinks;
        }
        Tensor tensor = _weights.Tensor(name, shape);
        // Every rank has these norms, and the gradient that its own heads, or its own tokens, give them.
        bool ofHeads = _prefix.EndsWith($".{WeightNames.QueryNorm}.", StringComparison.Ordinal) || _prefix.EndsWith($".{WeightNames.KeyNorm}.", StringComparison.Ordinal);
        if (ofHeads || _sequence is not null) _shards[tensor] = ParameterShard.Shared(shape, _ranks);
        return tensor;
    }

    public IWeightSource Scope(string prefix)
    {
        ModelConfig whole = _prefix.Length == 0 && prefix == WeightNames.Encoder ? _whole.Encoder! : _whole;
        return new ShardedWeights(whole, _weights.Scope(prefix), _ranks, _sequence, $"{_prefix}{prefix}.", _shards, _sharers);
    }

    private MatrixSlice VocabularySlice => new([_vocabulary[_ranks.Rank]]);

    /// <summary>A layer cut by rows, those from <paramref name="sharedFrom"/> on being of key/value heads that several ranks may have.</summary>
    private ColumnParallelLinear ByRows(string name, int inFeatures, int outFeatures, bool bias, MatrixSlice rows, int sharedFrom = -1)
    {
        ParameterShard place = new(Shape.Of(outFeatures, inFeatures), rows, _ranks);
        if (sharedFrom >= 0 && _heads.Sharers > 1) place = place with { PartialGradient = (sharedFrom, rows.RowCount - sharedFrom, Sharers()) };
        return new ColumnParallelLinear(_weights.Linear(name, inFeatures, outFeatures, bias, rows), _ranks, place) { Sequence = _sequence };
    }

    private RowParallelLinear ByColumns(string name, int inFeatures, int outFeatures, bool bias, (int First, int Count) columns)
    {
        Linear shard = Columns(name, inFeatures, outFeatures, bias, columns);
        return shard switch
        {
            _ when !bias => new RowParallelLinear(shard, _ranks) { Sequence = _sequence },
            DenseLinear dense => new RowParallelLinear(new DenseLinear(dense.Weight), _ranks, dense.Bias) { Sequence = _sequence },
            FrozenLinear frozen => new RowParallelLinear(new FrozenLinear(frozen.Weights), _ranks, frozen.Bias) { Sequence = _sequence },
            _ => throw new NotSupportedException($"TensorParallel: '{_prefix}{name}' is a {shard.GetType().Name} with a bias, which every rank would add; expected a layer whose bias can be taken off."),
        };
    }

    private Linear Columns(string name, int inFeatures, int outFeatures, bool bias, (int First, int Count) columns)
    {
        try
        {
            return _weights.Linear(name, inFeatures, outFeatures, bias, new MatrixSlice([(0, outFeatures)], columns.First, columns.Count));
        }
        catch (BlockCutException e)
        {
            string type = e.Block > BlockSizes.Simple ? $"a type with blocks of {BlockSizes.Simple} columns (q8_0, q4_0)" : "a type without blocks (f16, bf16)";
            throw e.With($"{_ranks.Size} ranks cannot share this matrix; use {type}, fewer ranks, or one process");
        }
    }

    /// <summary>The ranks that have the same key/value heads as this one.</summary>
    private ICommunicator Sharers()
    {
        if (!_sharers.TryGetValue(_heads.Sharers, out ICommunicator? group))
            _sharers[_heads.Sharers] = group = _ranks.Split(_ranks.Rank / _heads.Sharers, _ranks.Rank);
        return group;
    }

    private void CheckWhole(string name, MatrixSlice? slice)
    {
        if (slice is not null) throw new NotSupportedException($"ShardedWeights: a slice of '{_prefix}{name}' is asked for, which is a rank's share already.");
    }
}
