namespace Heed.Tensors;

/// <summary>
/// What attention keeps for its backward step: queries, keys, values, the output and one logarithm per row, never the
/// probabilities (Dao et al. 2022, arXiv 2205.14135).
/// </summary>
internal sealed class AttentionGradient
{
    private readonly Part _q, _k, _v;
    private readonly int[] _limits, _firsts;
    private readonly AttentionOptions _options;
    private readonly AttentionDropout _dropout;
    private readonly SavedModifiers? _modifiers;
    private readonly Tensor _result;
    private readonly SavedTensor _output, _logSumExp;

    public AttentionGradient(GradientTape tape, in AttentionCall call, in HeadRange v, in AttentionDropout dropout, Tensor result, Tensor logSumExp)
    {
        _q = new Part(tape, call.Q);
        _k = new Part(tape, call.K);
        _v = new Part(tape, v);
        _limits = call.Limits;
        _firsts = call.Firsts;
        _options = call.Options;
        _dropout = dropout;
        _modifiers = call.Modifiers is null ? null : new SavedModifiers(tape, call.Modifiers);
        _result = result;
        _output = tape.Save(result, "Attention");
        _logSumExp = tape.Save(logSumExp, "Attention");
    }

    public void Record(GradientTape tape) => tape.Record(_result, Backward);

    private void Backward(Tensor gradient)
    {
        // Ranges of one fused tensor get ranges of one gradient; those that overlap (keys that are values too) get one each.
        Tensor dq = GradientOf(_q), dk = _k.FitsBeside(_q) ? dq : GradientOf(_k);
        Tensor dv = _v.FitsBeside(_q) && (!ReferenceEquals(dk, dq) || _v.FitsBeside(_k)) ? dq : _v.FitsBeside(_k) && !ReferenceEquals(dk, dq) ? dk : GradientOf(_v);
        AttentionModifiers? toModifiers = _modifiers?.Gradients();
        gradient.Backend.AttentionBackward(_q.Range(_q.Rows), _k.Range(_k.Rows), _v.Range(_v.Rows), _output.Value, gradient.Contiguous(), _logSumExp.Value,
            _limits, _firsts, _options, _dropout, _q.Range(dq), _k.Range(dk), _v.Range(dv), _modifiers?.Values(), toModifiers);
        _modifiers?.Add(toModifiers!);
        _q.Node?.Add(dq);
        if (!ReferenceEquals(dk, dq)) _k.Node?.Add(dk);
        if (!ReferenceEquals(dv, dq) && !ReferenceEquals(dv, dk)) _v.Node?.Add(dv);
    }

    /// <summary>Memory for the gradient of a part's rows: cleared unless the three parts fill the rows without overlap.</summary>
    private Tensor GradientOf(Part owner)
    {
        Tensor rows = owner.Rows;
        bool apart = _k.FitsBeside(_q) && _v.FitsBeside(_q) && _v.FitsBeside(_k);
        int covered = apart ? _q.Width + _k.Width + _v.Width : owner.Width;
        bool alone = !_k.SharesRows(_q) && !_v.SharesRows(_q) && !_v.SharesRows(_k);
        bool whole = (apart || alone) && (long)covered * rows.Shape[0] * rows.Shape[1] == rows.ElementCount;
        return whole ? Tensor.Allocate(rows.Shape, rows.Device) : Tensor.Zeros(rows.Shape, rows.Device);
    }

    private sealed class SavedModifiers(GradientTape tape, AttentionModifiers modifiers)
    {
        private readonly SavedTensor? _distances = Save(tape, modifiers.Distances), _bias = Save(tape, modifiers.Bias);
        private readonly SavedTensor? _sinks = Save(tape, modifiers.Sinks), _choice = Save(tape, modifiers.Choice);
        private readonly GradientNode? _toDistances = modifiers.Distances?.Node, _toBias = modifiers.Bias?.Node, _toSinks = modifiers.Sinks?.Node;

        public AttentionModifiers Values() =>
            modifiers with { Distances = _distances?.Value, Bias = _bias?.Value, Sinks = _sinks?.Value, Choice = _choice?.Value };

        /// <summary>Memory for the gradients that somebody waits for.</summary>
        public AttentionModifiers Gradients() => new() { Distances = Like(_toDistances, _distances), Bias = Like(_toBias, _bias), Sinks = Like(_toSinks, _sinks) };

        public void Add(AttentionModifiers gradients)
        {
            _toDistances?.Add(gradients.Distances!);
            _toBias?.Add(gradients.Bias!);
            _toSinks?.Add(gradients.Sinks!);
        }

        private static SavedTensor? Save(GradientTape tape, Tensor? tensor) => tensor is null ? null : tape.Save(tensor, "Attention");

        private static Tensor? Like(GradientNode? node, SavedTensor? saved) => node is null ? null : Tensor.Allocate(node.Shape, saved!.Value.Device);
    }

    private sealed class Part(GradientTape tape, in HeadRange range)
    {
        private readonly SavedTensor _saved = tape.Save(range.Rows, "Attention");
        private readonly HeadRange _place = range with { Rows = null! };

        public GradientNode? Node { get; } = range.Rows.Node;

        public Tensor Rows => _saved.Value;

        public int Width => _place.Count * _place.Dim;

        public HeadRange Range(Tensor rows) => _place with { Rows = rows };

        public bool SharesRows(Part other) => Node is not null && ReferenceEquals(Node, other.Node);

        public bool FitsBeside(Part other) =>
            SharesRows(other) && (_place.Start >= other._place.Start + other.Width || other._place.Start >= _place.Start + Width);
    }
}
