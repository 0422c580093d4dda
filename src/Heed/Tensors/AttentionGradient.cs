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
        // Ranges of one fused tensor get ranges of one gradient.
        Tensor dq = GradientOf(_q), dk = _k.SharesRows(_q) ? dq : GradientOf(_k);
        Tensor dv = _v.SharesRows(_q) ? dq : _v.SharesRows(_k) ? dk : GradientOf(_v);
        gradient.Backend.AttentionBackward(_q.Range(_q.Rows), _k.Range(_k.Rows), _v.Range(_v.Rows), _output.Value, gradient.Contiguous(), _logSumExp.Value,
            _limits, _firsts, _options, _dropout, _q.Range(dq), _k.Range(dk), _v.Range(dv));
        _q.Node?.Add(dq);
        if (!ReferenceEquals(dk, dq)) _k.Node?.Add(dk);
        if (!ReferenceEquals(dv, dq) && !ReferenceEquals(dv, dk)) _v.Node?.Add(dv);
    }

    /// <summary>Memory for the gradient of a part's rows: cleared where no part's range will write.</summary>
    private Tensor GradientOf(Part owner)
    {
        Tensor rows = owner.Rows;
        int covered = 0;
        foreach (Part part in (ReadOnlySpan<Part>)[_q, _k, _v])
            if (ReferenceEquals(part, owner) || part.SharesRows(owner)) covered += part.Width;
        bool whole = (long)covered * rows.Shape[0] * rows.Shape[1] == rows.ElementCount;
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
    }
}
