using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Mamba's convolution and scan.</content>
internal sealed partial class CpuBackend
{
    public void CausalConvolution(Tensor x, Tensor weight, Tensor? bias, ReadOnlySpan<int> positions, Tensor? state, Tensor destination) =>
        Kernels.CausalConvolution.Forward(_pool, SizesOf(x, weight), Elements(x), Elements(weight), bias is null ? default : Elements(bias),
            positions, state is null ? default : Elements(state), Elements(destination));

    public void CausalConvolutionBackward(Tensor x, Tensor weight, Tensor gradient, Tensor dx, Tensor dWeight, Tensor? dBias) =>
        Kernels.CausalConvolution.Backward(_pool, SizesOf(x, weight), Elements(x), Elements(weight), Elements(gradient), Elements(dx), Elements(dWeight),
            dBias is null ? default : Elements(dBias));

    public void SelectiveScan(in SelectiveScanInputs inputs, ReadOnlySpan<int> positions, Tensor? state, Tensor destination, Tensor? checkpoints) =>
        Kernels.SelectiveScan.Forward(_pool, ShapeOf(inputs), Elements(inputs.X), Elements(inputs.Delta), Elements(inputs.A), Elements(inputs.B), Elements(inputs.C),
            Elements(inputs.Skip), positions, state is null ? default : Elements(state), Elements(destination), checkpoints is null ? default : Elements(checkpoints));

    public void SelectiveScanBackward(in SelectiveScanInputs inputs, Tensor checkpoints, Tensor gradient, in SelectiveScanInputs gradients) =>
        Kernels.SelectiveScan.Backward(_pool, ShapeOf(inputs), Elements(inputs.X), Elements(inputs.Delta), Elements(inputs.A), Elements(inputs.B), Elements(inputs.C),
            Elements(inputs.Skip), Elements(checkpoints), Elements(gradient), Elements(gradients.X), Elements(gradients.Delta), Elements(gradients.A),
            Elements(gradients.B), Elements(gradients.C), Elements(gradients.Skip));

    private static Kernels.CausalConvolution.Sizes SizesOf(Tensor x, Tensor weight) => new(x.Shape[0], x.Shape[1], x.Shape[2], weight.Shape[0]);

    private static SelectiveScanShape ShapeOf(in SelectiveScanInputs inputs) => new(inputs.X.Shape[0], inputs.X.Shape[1], inputs.X.Shape[2], inputs.A.Shape[0]);
}
