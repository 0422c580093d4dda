namespace Heed.Tensors;

/// <summary>The data of one mixing of a sequence, and its two passes.</summary>
internal sealed class MixingCase : IDisposable
{
    public const int Window = 256, Side = 128, Globals = 8, Block = 64, Kept = 64, Projected = 128, Factors = 64, Band = 64, States = 16, Group = 4;
    private readonly MixingKind _kind;
    private readonly List<Tensor> _inputs = [];
    private readonly Tensor _q, _k, _v, _gradient;
    private readonly PositionBias _bias;
    private readonly Tensor[] _more;

    public MixingCase(MixingKind kind, int tokens, int heads, int headDim, Device device)
    {
        _kind = kind;
        Random random = new(1);
        Tensor Input(params ReadOnlySpan<int> sizes)
        {
            Tensor input = Tensor.Normal(new Shape(sizes), random, 0, 1, device);
            input.RequiresGradient = true;
            _inputs.Add(input);
            return input;
        }
        int dim = heads * headDim;
        bool flat = kind is MixingKind.AftFull or MixingKind.AftLocal or MixingKind.AftSimple or MixingKind.Mamba;
        int kvHeads = kind == MixingKind.MultiQuery ? 1 : kind == MixingKind.GroupedQuery ? heads / Group : heads;
        _q = flat ? Input(1, tokens, dim) : Input(1, tokens, heads, headDim);
        _k = flat ? Input(1, tokens, dim) : Input(1, tokens, kvHeads, headDim);
        _v = flat ? Input(1, tokens, dim) : Input(1, tokens, kvHeads, headDim);
        _gradient = Tensor.Normal(_q.Shape, random, 0, 1, device);
        _bias = kind switch
        {
            MixingKind.AftFull => PositionBias.Factors(Input(tokens, Factors), Input(tokens, Factors)),
            MixingKind.AftLocal => PositionBias.Band(Input(tokens, 2 * Band - 1), Band),
            _ => PositionBias.None,
        };
        _more = kind switch
        {
            MixingKind.Linformer => [Input(Projected, tokens), Input(Projected, tokens)],
            MixingKind.Sinks => [Input(heads)],
            MixingKind.Mamba => [Input(dim, States), Input(1, tokens, States), Input(1, tokens, States), Input(dim)],
            _ => [],
        };
    }

    /// <summary>What the kind's queries see; null for everything, or where it is no mask that says it.</summary>
    public static AttentionMask? MaskOf(MixingKind kind, int tokens) => kind switch
    {
        MixingKind.Local => AttentionMask.Documents([.. Enumerable.Range(0, tokens).Select(token => token / Window)]),
        MixingKind.Sliding => AttentionMask.SlidingWindow(Window),
        MixingKind.Longformer => AttentionMask.CenteredWindow(Side) | AttentionMask.GlobalTokens([.. Enumerable.Range(0, Math.Min(Globals, tokens))]),
        MixingKind.BigBird => AttentionMask.BlockSparse(Block),
        _ => null,
    };

    /// <summary>One step in a scope of its own; the clock is looked at between the passes.</summary>
    public void Run(TensorScope scope, Action between)
    {
        using TensorScope.Lease lease = scope.Enter();
        using GradientTape tape = new();
        Tensor output = Mix();
        between();
        tape.Backward(output, _gradient);
        foreach (Tensor input in _inputs) input.ClearGradient();
    }

    public void Dispose()
    {
        foreach (Tensor input in _inputs) input.Dispose();
        _gradient.Dispose();
    }

    private Tensor Mix() => _kind switch
    {
        MixingKind.Hard => Ops.HardAttention(_q, _k, _v, 1 / MathF.Sqrt(_q.Shape[3]), causal: false, seed: 1).Output,
        MixingKind.TopK => Ops.Attention(_q, _k, _v, new AttentionScores { TopK = Kept }),
        MixingKind.Sinks => Ops.Attention(_q, _k, _v, new AttentionScores { Sinks = _more[0] }),
        MixingKind.Linformer => Ops.Attention(_q, Projection(_more[0], _k), Projection(_more[1], _v), new AttentionScores()),
        MixingKind.AftFull or MixingKind.AftLocal or MixingKind.AftSimple => _q.Sigmoid() * Ops.AttentionFree(_k, _v, _bias, causal: false),
        MixingKind.Mamba => _v + Ops.SelectiveScan(_q, _k, -_more[0].Exp(), _more[1], _more[2], _more[3]),
        _ => Ops.Attention(_q, _k, _v, new AttentionScores { Mask = MaskOf(_kind, _q.Shape[1]) }),
    };

    /// <summary>[rows, seq] times x [1, seq, heads, headDim] along the sequence.</summary>
    private static Tensor Projection(Tensor rows, Tensor x) =>
        rows.MatMul(x.Reshape(Shape.Of(x.Shape[1], x.Shape[2] * x.Shape[3]))).Reshape(new Shape(1, rows.Shape[0], x.Shape[2], x.Shape[3]));
}
