using Heed.Kernels;

namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// A convolution of each channel over time, y[t] = bias + Σ weight[j]·x[t − width + 1 + j], that sees nothing of what comes;
    /// before the beginning are zeros.
    /// </summary>
    /// <param name="x">[batch, seq, channels].</param>
    /// <param name="weight">[channels, width]; the last tap meets the newest input.</param>
    /// <param name="bias">[channels], or null.</param>
    /// <returns>[batch, seq, channels].</returns>
    /// <exception cref="ArgumentException">Shapes or devices do not fit.</exception>
    public static Tensor CausalConvolution(Tensor x, Tensor weight, Tensor? bias = null) => CausalConvolution(x, weight, bias, default, state: null);

    /// <summary>As the other, going on from the inputs in <paramref name="state"/>, [batch, width − 1, channels], which is overwritten with the last ones; a position of −1 is padding.</summary>
    /// <exception cref="InvalidOperationException">There is a state, and a gradient is wanted.</exception>
    internal static Tensor CausalConvolution(Tensor x, Tensor weight, Tensor? bias, ReadOnlySpan<int> positions, Tensor? state)
    {
        if (x.Rank != 3) TensorErrors.WrongShape("CausalConvolution", "x", x.Shape, "[batch, seq, channels]");
        if (weight.Rank != 2 || weight.Shape[0] != x.Shape[2] || weight.Shape[1] == 0)
            TensorErrors.WrongShape("CausalConvolution", "weight", weight.Shape, $"[{x.Shape[2]}, width] with a width of 1 or more");
        SameDevice("CausalConvolution", x, weight);
        if (bias is not null) CheckVector("CausalConvolution", "bias", bias, x.Shape[2]);
        if (state is not null && GradientTape.Watching(x, weight, bias) is not null) NoGradientThroughState("CausalConvolution");
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor result = lease.Return(Tensor.Allocate(x.Shape, x.Device)), input = x.Contiguous(), taps = weight.Transpose(0, 1).Contiguous();
        x.Backend.CausalConvolution(input, taps, bias?.Contiguous(), positions, state is { ElementCount: 0 } ? null : state, result);
        if (GradientTape.Watching(input, taps, bias) is { } tape) CausalConvolutionGradient(tape, input, taps, bias, result);
        return result;
    }

    private static void CausalConvolutionGradient(GradientTape tape, Tensor x, Tensor taps, Tensor? bias, Tensor result)
    {
        GradientNode? toX = x.Node, toTaps = taps.Node, toBias = bias?.Node;
        SavedTensor input = tape.Save(x, "CausalConvolution"), weight = tape.Save(taps, "CausalConvolution");
        tape.Record(result, gradient =>
        {
            Tensor dx = Tensor.Allocate(input.Value.Shape, gradient.Device), dTaps = Tensor.Zeros(weight.Value.Shape, gradient.Device);
            Tensor? dBias = toBias is null ? null : Tensor.Zeros(toBias.Shape, gradient.Device);
            gradient.Backend.CausalConvolutionBackward(input.Value, weight.Value, gradient.Contiguous(), dx, dTaps, dBias);
            toX?.Add(dx);
            toTaps?.Add(dTaps);
            toBias?.Add(dBias!);
        });
    }

    /// <summary>
    /// The selective scan of Mamba (Gu and Dao 2023, arXiv 2312.00752): h[t] = e^(Δ·A)·h[t − 1] + Δ·B[t]·x[t] for each state of each
    /// channel, y[t] = Σ C[t]·h[t] + D·x[t], with Δ = softplus(delta). Linear in seq; the backward pass keeps one state in 32.
    /// </summary>
    /// <param name="x">[batch, seq, channels].</param>
    /// <param name="delta">[batch, seq, channels], before softplus.</param>
    /// <param name="a">[channels, states], below 0 for states that fade.</param>
    /// <param name="b">[batch, seq, states].</param>
    /// <param name="c">[batch, seq, states].</param>
    /// <param name="skip">D, [channels].</param>
    /// <returns>[batch, seq, channels].</returns>
    /// <exception cref="ArgumentException">Shapes or devices do not fit.</exception>
    public static Tensor SelectiveScan(Tensor x, Tensor delta, Tensor a, Tensor b, Tensor c, Tensor skip) => SelectiveScan(x, delta, a, b, c, skip, default, state: null);

    /// <summary>As the other, going on from h in <paramref name="state"/>, [batch, states, channels], which is overwritten with the last one; a position of −1 is padding.</summary>
    /// <exception cref="InvalidOperationException">There is a state, and a gradient is wanted.</exception>
    internal static Tensor SelectiveScan(Tensor x, Tensor delta, Tensor a, Tensor b, Tensor c, Tensor skip, ReadOnlySpan<int> positions, Tensor? state)
    {
        CheckScan(x, delta, a, b, c, skip);
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor result = lease.Return(Tensor.Allocate(x.Shape, x.Device));
        SelectiveScanInputs inputs = new SelectiveScanInputs(x, delta, a.Transpose(0, 1), b, c, skip).Select(tensor => tensor.Contiguous());
        GradientTape? tape = GradientTape.Watching(inputs.X, inputs.Delta, inputs.A) ?? GradientTape.Watching(inputs.B, inputs.C, inputs.Skip);
        if (state is not null && tape is not null) NoGradientThroughState("SelectiveScan");
        int chunks = (x.Shape[1] + SelectiveScanShape.Chunk - 1) / SelectiveScanShape.Chunk;
        Tensor? checkpoints = tape is null ? null : Tensor.Allocate(new Shape(x.Shape[0], chunks, a.Shape[1], x.Shape[2]), x.Device);
        x.Backend.SelectiveScan(inputs, positions, state, result, checkpoints);
        if (tape is not null) SelectiveScanGradient(tape, inputs, checkpoints!, result);
        return result;
    }

    private static void SelectiveScanGradient(GradientTape tape, in SelectiveScanInputs inputs, Tensor checkpoints, Tensor result)
    {
        GradientNode?[] nodes = [.. inputs.All.Select(tensor => tensor.Node)];
        SavedTensor[] saved = [.. inputs.All.Select(tensor => tape.Save(tensor, "SelectiveScan"))];
        SavedTensor kept = tape.Save(checkpoints, "SelectiveScan");
        tape.Record(result, gradient =>
        {
            SelectiveScanInputs values = new(saved[0].Value, saved[1].Value, saved[2].Value, saved[3].Value, saved[4].Value, saved[5].Value);
            SelectiveScanInputs gradients = values.Select(tensor => Tensor.Allocate(tensor.Shape, tensor.Device));
            gradient.Backend.SelectiveScanBackward(values, kept.Value, gradient.Contiguous(), gradients);
            for (int i = 0; i < nodes.Length; i++) nodes[i]?.Add(gradients.All[i]);
        });
    }

    private static void CheckScan(Tensor x, Tensor delta, Tensor a, Tensor b, Tensor c, Tensor skip)
    {
        if (x.Rank != 3) TensorErrors.WrongShape("SelectiveScan", "x", x.Shape, "[batch, seq, channels]");
        if (delta.Shape != x.Shape) TensorErrors.WrongShape("SelectiveScan", "delta", delta.Shape, $"{x.Shape}, as x");
        if (a.Rank != 2 || a.Shape[0] != x.Shape[2] || a.Shape[1] is 0 or > Kernels.SelectiveScan.MaxStates)
            TensorErrors.WrongShape("SelectiveScan", "a", a.Shape, $"[{x.Shape[2]}, states] with 1 to {Kernels.SelectiveScan.MaxStates} states");
        Shape shared = x.Shape.WithLast(a.Shape[1]);
        if (b.Shape != shared) TensorErrors.WrongShape("SelectiveScan", "b", b.Shape, $"{shared}");
        if (c.Shape != shared) TensorErrors.WrongShape("SelectiveScan", "c", c.Shape, $"{shared}");
        CheckVector("SelectiveScan", "skip", skip, x.Shape[2]);
        foreach (Tensor tensor in (ReadOnlySpan<Tensor>)[delta, a, b, c, skip]) SameDevice("SelectiveScan", x, tensor);
    }

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    private static void NoGradientThroughState(string operation) =>
        throw new InvalidOperationException($"{operation}: what earlier calls left has no gradient; leave the state out, or wrap the call in GradientTape.NoGrad().");
}
