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
    private readonly Tensor _result;
    private readonly SavedTensor _output, _logSumExp;

    public AttentionGradient(GradientTape tape, in HeadRange q, in HeadRange k, in HeadRange v, int[] limits, int[] firsts,
        in AttentionOptions options, in AttentionDropout dropout, Tensor result, Tensor logSumExp)
    {
        _q = new Part(tape, q);
        _k = new Part(tape, k);
        _v = new Part(tape, v);
        _limits = limits;
        _firsts = firsts;
        _options = options;
        _dropout = dropout;
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
        gradient.Backend.AttentionBackward(_q.Range(_q.Rows), _k.Range(_k.Rows), _v.Range(_v.Rows), _output.Value, gradient.Contiguous(), _logSumExp.Value,
            _limits, _firsts, _options, _dropout, _q.Range(dq), _k.Range(dk), _v.Range(dv));
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

    private sealed class Part(GradientTape tape, in HeadRange range)
    {
        private readonly SavedTensor _saved = tape.Save(range.Rows, "Attention");
        private readonly int _first = range.First, _count = range.Count, _dim = range.Dim;

        public GradientNode? Node { get; } = range.Rows.Node;

        public Tensor Rows => _saved.Value;

        public int Width => _count * _dim;

        public HeadRange Range(Tensor rows) => new(rows, _first, _count, _dim);

        public bool SharesRows(Part other) => Node is not null && ReferenceEquals(Node, other.Node);

        public bool FitsBeside(Part other) =>
            SharesRows(other) && (_first * _dim >= other._first * other._dim + other.Width || other._first * other._dim >= _first * _dim + Width);
    }
}
