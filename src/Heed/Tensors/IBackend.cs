namespace Heed.Tensors;

/// <summary>
/// The operations that a device offers: everything a model computes is one of these. Arguments are checked and results
/// allocated above this seam; here shapes fit and destinations are written. Tensors may be strided views unless an
/// operation says otherwise; destinations are contiguous unless it says so.
/// </summary>
internal partial interface IBackend
{
    /// <summary>Sets every element of a destination that may be a strided view.</summary>
    void Fill(Tensor destination, double value);

    /// <summary>Copies between tensors of one shape; both may be strided views.</summary>
    void Copy(Tensor source, Tensor destination);

    /// <summary>destination = op(x), element by element.</summary>
    void Unary(UnaryOp op, Tensor x, Tensor destination);

    /// <summary>destination = a op b; both are already broadcast to the destination's shape. May write over a or b.</summary>
    void Binary(BinaryOp op, Tensor a, Tensor b, Tensor destination);

    /// <summary>Folds the last <paramref name="axes"/> axes of x, [kept…, folded…] to [kept…].</summary>
    void Reduce(ReduceOp op, Tensor x, int axes, Tensor destination);

    /// <summary>
    /// [batch, m, k] × [batch, k, n] = [batch, m, n]; a batch axis may have stride 0. On top of the destination's old value
    /// if <paramref name="accumulate"/>.
    /// </summary>
    void MatMul(Tensor a, Tensor b, Tensor destination, bool accumulate = false);

    /// <summary>
    /// destination[r, o] = Σ x[r, i]·w[o, i] + bias[o], and on top of its old value if <paramref name="accumulate"/>;
    /// x is contiguous, [rows…, in].
    /// </summary>
    void Linear(Tensor x, LinearWeights weights, Tensor? bias, Tensor destination, bool accumulate);

    /// <summary>destination[r] = table[ids[r]] for a table [count, dim].</summary>
    void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor destination);

    /// <summary>destination[r] = row ids[r] of a matrix in weight form.</summary>
    void Gather(LinearWeights table, ReadOnlySpan<int> ids, Tensor destination);

    /// <summary>Softmax over the last axis; −∞ counts as masked and a row of nothing else gives 0.</summary>
    void Softmax(Tensor x, Tensor destination);

    /// <summary>x/√(mean(x²) + ε)·weight over the last axis. x may be strided in all axes but the last.</summary>
    void RmsNorm(Tensor x, Tensor weight, float epsilon, Tensor destination);

    /// <summary>(x − mean)/√(variance + ε)·weight + bias over the last axis, population variance.</summary>
    void LayerNorm(Tensor x, Tensor weight, Tensor? bias, float epsilon, Tensor destination);

    /// <summary>
    /// Rotates heads in place by the angles of cos and sin [position, rotaryDim/2]; row r of batch × seq stands at
    /// positions[r], and −1 leaves it as it is. <paramref name="inverse"/> negates the sines: the transpose of the forward
    /// turn, and so its gradient, also where cos and sin carry an amplitude.
    /// </summary>
    void Rope(in HeadRange x, Tensor cos, Tensor sin, ReadOnlySpan<int> positions, RopeLayout layout, bool inverse = false);

    /// <summary>destination = act(gate)·up, where each row of x holds [gate | up]; <paramref name="beta"/> is Swish's.</summary>
    void Gated(Activation activation, Tensor x, Tensor destination, float beta = 1);

    /// <summary>
    /// Writes keys and values at their rows' positions, rounded to the type that they are stored in. Position −1 is not written.
    /// </summary>
    void StoreKeyValues(in HeadRange keys, in HeadRange values, ReadOnlySpan<int> positions, StoredKeyValues stored);

    /// <summary>
    /// Softmax attention of query heads over stored keys and values. Query r of batch × seq sees keys
    /// max(first of its batch row, limit − window + 1) … limits[r]; −1 sees none and gives 0. An empty
    /// <paramref name="firstKeys"/> means 0 for every row. Destination [batch, seq, heads·valueDim], or with the last axis in two.
    /// Of the modifiers, sinks, top-k and biases by distance count, the last as [heads, distances], element distances − 1 + key − limit.
    /// </summary>
    void Attention(in HeadRange q, StoredKeyValues stored, ReadOnlySpan<int> limits, ReadOnlySpan<int> firstKeys,
        in AttentionOptions options, Tensor destination, AttentionModifiers? modifiers = null);

    // Gradients and optimizer steps. All tensors are contiguous; dx may be dy or x. Sums over rows have one order, which the
    // shape alone decides.

    /// <summary>dx = y·(dy − Σ dy·y) over the last axis, for y = softmax(x).</summary>
    void SoftmaxBackward(Tensor y, Tensor dy, Tensor dx);

    /// <summary>The gradients of <see cref="RmsNorm"/>: dx is overwritten, dWeight [dim] is added to; either may be left out.</summary>
    void RmsNormBackward(Tensor x, Tensor weight, float epsilon, Tensor dy, Tensor? dx, Tensor? dWeight);

    /// <summary>The gradients of <see cref="LayerNorm"/>: dx is overwritten, dWeight and dBias [dim] are added to; any may be left out.</summary>
    void LayerNormBackward(Tensor x, Tensor weight, float epsilon, Tensor dy, Tensor? dx, Tensor? dWeight, Tensor? dBias);

    /// <summary>dx = dy·act′(x), element by element; ReLU's slope at 0 is 0.</summary>
    void ActivateBackward(Activation activation, Tensor x, Tensor dy, Tensor dx, float beta = 1);

    /// <summary>
    /// The gradient of <see cref="Gated"/>: rows of x and dx are [gate | up], 2·hidden long, those of dy hidden;
    /// dx = [dy·up·act′(gate) | dy·act(gate)]. dx may be x, not dy.
    /// </summary>
    void GatedBackward(Activation activation, Tensor x, Tensor dy, Tensor dx, float beta = 1);

    /// <summary>destination[c] += Σ x[r, c] over all rows, [rows…, columns] to [columns]: the gradient of a bias.</summary>
    void SumRows(Tensor x, Tensor destination);

    /// <summary>table[ids[r]] += rows[r], in rising r for every row of the table [count, dim]: the gradient of <see cref="Gather(Tensor, ReadOnlySpan{int}, Tensor)"/>.</summary>
    void ScatterAdd(Tensor rows, ReadOnlySpan<int> ids, Tensor table);

    /// <summary>
    /// destination = x/(1 − rate) where the draw of (seed, row, column) in <see cref="Kernels.DropoutStream"/> keeps the element,
    /// else 0; rows are all axes but the last. The same mask on every backend. Its own gradient. Destination may be x.
    /// </summary>
    void Dropout(Tensor x, float rate, ulong seed, Tensor destination);

    /// <summary>
    /// Σ −log softmax(z)[target] over the rows [rows…, classes] whose target is not <paramref name="ignoreIndex"/>, summed in
    /// double in row order; z is the logits, or cap·tanh(logits/cap) where <paramref name="softCap"/> is above 0.
    /// The gradient, which may be the logits, gets (softmax − onehot)·<paramref name="gradientScale"/> times the cap's slope,
    /// and 0 in ignored rows. A counted row with a NaN, a +∞ or nothing but −∞ gives NaN; a target at −∞ gives +∞.
    /// </summary>
    double CrossEntropy(Tensor logits, ReadOnlySpan<int> targets, int ignoreIndex, float softCap, double gradientScale, Tensor? gradient);

    /// <summary>Σ x², in double.</summary>
    double SquaredNorm(Tensor x);

    /// <summary>One step of AdamW over a parameter and its two moments, all overwritten. Nothing overlaps.</summary>
    void AdamW(Tensor parameter, Tensor gradient, Tensor firstMoment, Tensor secondMoment, in AdamWStep step);

    /// <summary>
    /// Attention of this call's own rows, nothing cached: query r of batch × queries sees keys
    /// max(firsts[r], limit − window + 1) … limits[r]; −1 sees none and gives 0, and empty <paramref name="firsts"/> mean 0.
    /// Destination [batch, queries, heads·valueDim], or with the last axis in two; logSumExp [batch, heads, queries] receives
    /// ln Σ exp(score) of all visible keys, dropped or not, and of the sink; −∞ where no key is visible.
    /// </summary>
    void Attention(in HeadRange q, in HeadRange k, in HeadRange v, ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts,
        in AttentionOptions options, in AttentionDropout dropout, Tensor destination, Tensor logSumExp, AttentionModifiers? modifiers = null);

    /// <summary>
    /// The gradients of attention over a call's own rows, with its output and its logSumExp: dq, dk and dv are overwritten,
    /// and may be ranges of one fused tensor as q, k and v may be. So are the tensors of <paramref name="gradients"/>.
    /// </summary>
    void AttentionBackward(in HeadRange q, in HeadRange k, in HeadRange v, Tensor output, Tensor outputGradient, Tensor logSumExp,
        ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts, in AttentionOptions options, in AttentionDropout dropout,
        in HeadRange dq, in HeadRange dk, in HeadRange dv, AttentionModifiers? modifiers = null, AttentionModifiers? gradients = null);

    /// <summary>The softmax's weights, before dropout, of some rows of an attention with this logSumExp: [rows, keys].</summary>
    void AttentionWeights(in AttentionCall call, Tensor logSumExp, ReadOnlySpan<(int Batch, int Head, int Query)> rows, Tensor destination);

    /// <summary>Those weights summed over all queries: [batch, heads, keys].</summary>
    void AttentionWeightSums(in AttentionCall call, Tensor logSumExp, Tensor destination);
}
