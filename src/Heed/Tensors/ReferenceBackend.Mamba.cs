using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Mamba's convolution and scan, step by step.</content>
internal sealed partial class ReferenceBackend
{
    public void CausalConvolution(Tensor x, Tensor weight, Tensor? bias, ReadOnlySpan<int> positions, Tensor? state, Tensor destination)
    {
        int seq = x.Shape[1], width = weight.Shape[0];
        ReferenceView source = new(x), taps = new(weight), target = new(destination);
        List<double> all = [];
        for (int b = 0; b < x.Shape[0]; b++)
            for (int c = 0; c < x.Shape[2]; c++)
            {
                all.Clear();
                for (int i = 0; i < width - 1; i++) all.Add(state is null ? 0 : new ReferenceView(state).At(b, i, c));
                for (int t = 0; t < seq; t++)
                {
                    target.At(b, t, c) = 0;
                    if (!positions.IsEmpty && positions[b * seq + t] < 0) continue;
                    all.Add(source.At(b, t, c));
                    double sum = bias is null ? 0 : new ReferenceView(bias).At(c);
                    for (int j = 0; j < width; j++) sum += taps.At(j, c) * all[all.Count - width + j];
                    target.At(b, t, c) = sum;
                }
                for (int i = 0; i < width - 1 && state is not null; i++) new ReferenceView(state).At(b, i, c) = all[all.Count - width + 1 + i];
            }
    }

    public void CausalConvolutionBackward(Tensor x, Tensor weight, Tensor gradient, Tensor dx, Tensor dWeight, Tensor? dBias)
    {
        int width = weight.Shape[0];
        ReferenceView source = new(x), taps = new(weight), upstream = new(gradient), toX = new(dx), toTaps = new(dWeight);
        Fill(dx, 0);
        for (int b = 0; b < x.Shape[0]; b++)
            for (int t = 0; t < x.Shape[1]; t++)
                for (int c = 0; c < x.Shape[2]; c++)
                {
                    if (dBias is not null) new ReferenceView(dBias).At(c) += upstream.At(b, t, c);
                    for (int j = Math.Max(0, width - 1 - t); j < width; j++)
                    {
                        toX.At(b, t - width + 1 + j, c) += taps.At(j, c) * upstream.At(b, t, c);
                        toTaps.At(j, c) += source.At(b, t - width + 1 + j, c) * upstream.At(b, t, c);
                    }
                }
    }

    public void SelectiveScan(in SelectiveScanInputs inputs, ReadOnlySpan<int> positions, Tensor? state, Tensor destination, Tensor? checkpoints)
    {
        int seq = inputs.X.Shape[1], states = inputs.A.Shape[0];
        ReferenceView x = new(inputs.X), a = new(inputs.A), b = new(inputs.B), c = new(inputs.C), target = new(destination);
        for (int row = 0; row < inputs.X.Shape[0]; row++)
            for (int i = 0; i < inputs.X.Shape[2]; i++)
            {
                double[] h = new double[states];
                for (int n = 0; n < states && state is not null; n++) h[n] = new ReferenceView(state).At(row, n, i);
                for (int t = 0; t < seq; t++)
                {
                    target.At(row, t, i) = 0;
                    if (!positions.IsEmpty && positions[row * seq + t] < 0) continue;
                    double delta = Softplus(new ReferenceView(inputs.Delta).At(row, t, i)), y = new ReferenceView(inputs.Skip).At(i) * x.At(row, t, i);
                    for (int n = 0; n < states; n++)
                    {
                        if (checkpoints is not null && t % SelectiveScanShape.Chunk == 0) new ReferenceView(checkpoints).At(row, t / SelectiveScanShape.Chunk, n, i) = h[n];
                        h[n] = Math.Exp(delta * a.At(n, i)) * h[n] + delta * b.At(row, t, n) * x.At(row, t, i);
                        y += c.At(row, t, n) * h[n];
                    }
                    target.At(row, t, i) = y;
                }
                for (int n = 0; n < states && state is not null; n++) new ReferenceView(state).At(row, n, i) = h[n];
            }
    }

    public void SelectiveScanBackward(in SelectiveScanInputs inputs, Tensor checkpoints, Tensor gradient, in SelectiveScanInputs gradients)
    {
        int seq = inputs.X.Shape[1], states = inputs.A.Shape[0];
        ReferenceView a = new(inputs.A), x = new(inputs.X), b = new(inputs.B), c = new(inputs.C), upstream = new(gradient);
        ReferenceView toX = new(gradients.X), toDelta = new(gradients.Delta), toA = new(gradients.A), toB = new(gradients.B), toC = new(gradients.C), toSkip = new(gradients.Skip);
        foreach (Tensor tensor in gradients.All) Fill(tensor, 0);
        for (int row = 0; row < inputs.X.Shape[0]; row++)
            for (int i = 0; i < inputs.X.Shape[2]; i++)
                for (int n = 0; n < states; n++)
                {
                    // h[t] is the state before step t; here all are kept, and the checkpoints not needed.
                    double[] h = new double[seq + 1];
                    for (int t = 0; t < seq; t++)
                    {
                        double delta = Softplus(new ReferenceView(inputs.Delta).At(row, t, i));
                        h[t + 1] = Math.Exp(delta * a.At(n, i)) * h[t] + delta * b.At(row, t, n) * x.At(row, t, i);
                    }
                    double later = 0;
                    for (int t = seq - 1; t >= 0; t--)
                    {
                        double raw = new ReferenceView(inputs.Delta).At(row, t, i), delta = Softplus(raw), dy = upstream.At(row, t, i), decay = Math.Exp(delta * a.At(n, i));
                        double own = later + c.At(row, t, n) * dy;
                        toC.At(row, t, n) += dy * h[t + 1];
                        toB.At(row, t, n) += own * delta * x.At(row, t, i);
                        toA.At(n, i) += own * decay * h[t] * delta;
                        toX.At(row, t, i) += own * delta * b.At(row, t, n) + (n == 0 ? new ReferenceView(inputs.Skip).At(i) * dy : 0);
                        toDelta.At(row, t, i) += own * (decay * h[t] * a.At(n, i) + b.At(row, t, n) * x.At(row, t, i)) * Sigmoid(raw);
                        if (n == 0) toSkip.At(i) += dy * x.At(row, t, i);
                        later = own * decay;
                    }
                }
    }

    private static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
}
