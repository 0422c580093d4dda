using Heed.Distributed;
using Heed.Nn;
using Heed.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Heed.Training.Ranks;

/// <summary>
/// Makes one gradient of those that ranks compute of their shares of a step's batches. A bucket is summed up as soon as the backward pass has finished
/// all of it and of those before it, while the pass goes on; with <see cref="TrainingOptions.DeterministicParts"/> at the end, part by part.
/// </summary>
internal sealed class GradientExchange : IDisposable
{
    private readonly GradientBuckets _buckets;
    private readonly ICommunicator _ranks;
    private readonly ICommunicator _link;
    private readonly CommunicatorTraffic _before;
    private readonly BucketReducer _reducer;
    private readonly LeafWatch _watch;
    private readonly GradientTree? _tree;
    private readonly bool _sharded;
    private readonly bool[] _packed;
    private readonly bool[] _mine;
    private readonly int[] _waiting;
    private int _next;
    private bool _watching;

    /// <param name="buckets">How gradients lie.</param>
    /// <param name="options">How to reduce.</param>
    /// <param name="ranks">Those that share a batch.</param>
    /// <param name="link">A communicator of the same ranks for what is summed up beside the backward pass; not disposed of.</param>
    public GradientExchange(GradientBuckets buckets, TrainingOptions options, ICommunicator ranks, ICommunicator link)
    {
        (_buckets, _ranks, _link, _before) = (buckets, ranks, link, link.Traffic);
        _sharded = options.ShardOptimizer && ranks.Size > 1;
        _tree = options.DeterministicParts > 0 ? new GradientTree(buckets) : null;
        Parts = _tree is null ? ranks.Size : options.DeterministicParts;
        OwnParts = Parts / ranks.Size;
        _reducer = new BucketReducer(link, Reduce, options.OverlapGradients && _tree is null && ranks.Size > 1);
        _watch = new LeafWatch(buckets.Parameters, OnFinal);
        _packed = new bool[buckets.Parameters.Count];
        _mine = new bool[buckets.Parameters.Count];
        _waiting = new int[buckets.All.Count];
    }

    /// <summary>Into how many parts each batch is cut.</summary>
    public int Parts { get; }

    /// <summary>How many of them are this rank's.</summary>
    public int OwnParts { get; }

    /// <summary>The first of them.</summary>
    public int FirstPart => _ranks.Rank * OwnParts;

    /// <summary>What the reduction has sent.</summary>
    public CommunicatorTraffic Traffic =>
        new(_link.Traffic.Bytes - _before.Bytes, _link.Traffic.Messages - _before.Messages, _link.Traffic.Operations - _before.Operations);

    /// <summary>How many buckets the last backward pass gave away before its end.</summary>
    public int Early { get; private set; }

    /// <summary>Begins a step.</summary>
    public void Begin()
    {
        _next = 0;
        Array.Clear(_packed);
        Array.Clear(_mine);
        for (int i = 0; i < _waiting.Length; i++) _waiting[i] = _buckets.All[i].Pieces.Count;
        _tree?.Clear();
    }

    /// <summary>Says that the backward pass which follows is the step's last: what it has finished is final.</summary>
    public void BeginLastPass()
    {
        if (!_reducer.Overlaps) return;
        _watching = true;
        _watch.Begin();
    }

    /// <summary>Says that a part's passes are done.</summary>
    public void EndPart()
    {
        if (_tree is null) return;
        ShardedParameters.SumPartialGradients(_buckets.Parameters);
        Tensor[] memory = _tree.Next();
        for (int i = 0; i < _packed.Length; i++) Pack(i, memory[_buckets.PlaceOf(i).Bucket]);
        for (int i = 0; i < memory.Length; i++) _buckets.All[i].ClearPadding(memory[i]);
        _tree.Add();
    }

    /// <summary>Collective: leaves the sums over all ranks where the optimizer looks for them.</summary>
    /// <param name="losses">Of this rank's parts.</param>
    /// <returns>The losses of all parts, added up in their order.</returns>
    public double Finish(double[] losses)
    {
        EndWatch();
        Early = _next;
        if (_tree is null) PackRest();
        else _tree.Take();
        while (_next < _waiting.Length) Start();
        _reducer.Finish();
        bool[] late = new bool[_packed.Length];
        double loss = Agree(losses, late);
        for (int i = 0; i < late.Length; i++)
            if (late[i]) AddLate(i);
        for (int i = 0; i < _packed.Length; i++) Unpack(i);
        return loss;
    }

    public void Dispose()
    {
        EndWatch();
        _reducer.Dispose();
    }

    private void EndWatch()
    {
        if (_watching) _watch.End();
        _watching = false;
    }

    private void OnFinal(int parameter)
    {
        _waiting[_buckets.PlaceOf(parameter).Bucket]--;
        while (_next < _waiting.Length && _waiting[_next] == 0)
        {
            PackBucket(_buckets.All[_next]);
            Start();
        }
    }

    private void PackBucket(GradientBucket bucket)
    {
        ShardedParameters.SumPartialGradients(bucket.Pieces.Select(piece => _buckets.Parameters[piece.Parameter]));
        foreach (GradientPiece piece in bucket.Pieces)
        {
            Pack(piece.Parameter, bucket.Memory);
            _packed[piece.Parameter] = true;
        }
    }

    private void PackRest()
    {
        ShardedParameters.SumPartialGradients(_buckets.Parameters.Where((_, i) => !_packed[i]));
        for (int i = 0; i < _packed.Length; i++)
            if (!_packed[i]) Pack(i, _buckets.All[_buckets.PlaceOf(i).Bucket].Memory);
    }

    private void Start()
    {
        GradientBucket bucket = _buckets.All[_next++];
        bucket.ClearPadding(bucket.Memory);
        _reducer.Start(bucket);
    }

    /// <summary>Moves a gradient into its place; what comes after is a gradient of its own.</summary>
    private void Pack(int number, Tensor memory)
    {
        Span<float> place = GradientBucket.Place(memory, _buckets.PlaceOf(number).Piece);
        Parameter parameter = _buckets.Parameters[number];
        if (parameter.Value.Gradient is null)
        {
            place.Clear();
            return;
        }
        parameter.Value.Gradient.AsSpan().CopyTo(place);
        parameter.Value.ClearGradient();
        _mine[number] = true;
    }

    private void Reduce(GradientBucket bucket, ICommunicator ranks)
    {
        if (_tree is not null) GradientTree.Reduce(bucket.Memory.AsSpan(), ranks);
        else if (_sharded) ranks.ReduceScatter(bucket.Memory.AsSpan(), bucket.Own.AsSpan());
        else ranks.AllReduce(bucket.Memory.AsSpan());
    }

    /// <summary>Tells all ranks the losses, which parameters have gradients, and which have got more of one after it was sent away.</summary>
    private double Agree(double[] losses, bool[] late)
    {
        int count = _mine.Length, stride = losses.Length + count;
        double[] own = new double[stride], all = new double[stride * _ranks.Size];
        losses.CopyTo(own, 0);
        for (int i = 0; i < count; i++)
        {
            bool isLate = _packed[i] && _buckets.Parameters[i].Value.Gradient is not null;
            own[losses.Length + i] = isLate ? 2 : _mine[i] ? 1 : 0;
        }
        _ranks.AllGather<double>(own, all);
        double loss = 0;
        Array.Clear(_buckets.Present);
        for (int rank = 0; rank < _ranks.Size; rank++)
        {
            ReadOnlySpan<double> said = all.AsSpan(rank * stride, stride);
            foreach (double part in said[..losses.Length]) loss += part;
            for (int i = 0; i < count; i++)
            {
                _buckets.Present[i] |= said[losses.Length + i] > 0;
                late[i] |= said[losses.Length + i] > 1;
            }
        }
        return loss;
    }

    /// <summary>Adds what some rank's pass wrote after the gradient had been sent away.</summary>
    private void AddLate(int number)
    {
        Parameter parameter = _buckets.Parameters[number];
        (int index, GradientPiece piece) = _buckets.PlaceOf(number);
        GradientBucket bucket = _buckets.All[index];
        ShardedParameters.SumPartialGradients([parameter]);
        float[] rest = parameter.Value.Gradient?.ToArray() ?? new float[piece.Count];
        parameter.Value.ClearGradient();
        _ranks.AllReduce<float>(rest);
        (int start, int at, int count) = _sharded ? bucket.Share(piece, _ranks.Rank) : (0, piece.At, piece.Count);
        Span<float> place = (_sharded ? bucket.Own : bucket.Memory).AsSpan().Slice(at, count);
        TensorPrimitives.Add(place, rest.AsSpan(start, count), place);
    }

    private void Unpack(int number)
    {
        (int index, GradientPiece piece) = _buckets.PlaceOf(number);
        GradientBucket bucket = _buckets.All[index];
        if (_tree is not null && _sharded)
        {
            (int start, int at, int count) = bucket.Share(piece, _ranks.Rank);
            GradientBucket.Place(bucket.Memory, piece).Slice(start, count).CopyTo(bucket.Own.AsSpan()[at..]);
        }
        if ((_sharded && _tree is null) || !_buckets.Present[number]) return;
        _buckets.Parameters[number].Value.Node!.Write((gradient, _) => GradientBucket.Place(bucket.Memory, piece).CopyTo(gradient.AsSpan()));
    }
}
