using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// BatchNorm, (x − mean)/√(variance + ε)·g + b with one mean and variance per column, over all rows (Ioffe and Szegedy 2015,
/// arXiv 1502.03167): those of the batch in training, running ones otherwise.
/// </summary>
/// <remarks>
/// The statistics of a batch let its rows know of one another, padding and later tokens included: what a causal model learns
/// with it, it learns with a look ahead that it lacks afterwards. The running ones are written to in training, so training
/// steps must not run at the same time.
/// </remarks>
public sealed class BatchNorm : Norm
{
    private readonly float _epsilon, _momentum;

    /// <summary>A norm from tensors that it keeps, all [dim].</summary>
    /// <param name="weight">The gain g.</param>
    /// <param name="bias">The shift b.</param>
    /// <param name="runningMean">The running mean, which training writes to.</param>
    /// <param name="runningVariance">The running variance, which training writes to.</param>
    /// <param name="epsilon">ε, inside the root.</param>
    /// <param name="momentum">The weight of a batch in the running statistics, above 0 and up to 1.</param>
    /// <exception cref="ArgumentException">The shapes differ, or ε or the momentum are out of range.</exception>
    public BatchNorm(Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVariance, float epsilon = 1e-5f, float momentum = 0.1f)
    {
        if (weight.Rank != 1 || bias.Shape != weight.Shape || runningMean.Shape != weight.Shape || runningVariance.Shape != weight.Shape)
            throw new ArgumentException($"BatchNorm: got weight {weight.Shape}, bias {bias.Shape}, runningMean {runningMean.Shape}, runningVariance {runningVariance.Shape}; expected one [dim] for all.");
        if (!(epsilon >= 0)) throw new ArgumentException($"BatchNorm: epsilon is {epsilon}; expected 0 or more.", nameof(epsilon));
        if (!(momentum > 0 && momentum <= 1)) throw new ArgumentException($"BatchNorm: momentum is {momentum}; expected above 0, up to 1.", nameof(momentum));
        (Weight, Bias, RunningMean, RunningVariance) = (weight, bias, runningMean, runningVariance);
        (_epsilon, _momentum) = (epsilon, momentum);
    }

    /// <summary>A fresh norm: gain 1, shift 0, running mean 0, running variance 1.</summary>
    /// <param name="dim">The number of columns.</param>
    /// <param name="epsilon">ε, inside the root.</param>
    /// <param name="momentum">The weight of a batch in the running statistics.</param>
    /// <param name="device">Where it lives; the CPU if null.</param>
    public BatchNorm(int dim, float epsilon = 1e-5f, float momentum = 0.1f, Device? device = null)
        : this(Filled(dim, 1, device), Filled(dim, 0, device), Filled(dim, 0, device), Filled(dim, 1, device), epsilon, momentum)
    {
    }

    /// <summary>The gain g, [dim].</summary>
    public Tensor Weight { get; }

    /// <summary>The shift b, [dim].</summary>
    public Tensor Bias { get; }

    /// <summary>The running mean, [dim]: part of the layer's state, but nothing that a gradient reaches.</summary>
    public Tensor RunningMean { get; }

    /// <summary>The running variance, [dim], estimated with n − 1.</summary>
    public Tensor RunningVariance { get; }

    /// <summary>The rows by the running statistics: evaluation.</summary>
    /// <param name="x">[…, dim].</param>
    public override Tensor Forward(Tensor x)
    {
        Check(x);
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor scale = Weight * (RunningVariance + _epsilon).Rsqrt(); // [dim]
        return lease.Return(x * scale + (Bias - RunningMean * scale));
    }

    /// <summary>The rows by their own statistics, population variance, which also move the running ones.</summary>
    /// <param name="x">[…, dim] of 2 rows or more.</param>
    /// <exception cref="ArgumentException">Fewer than 2 rows: they have no variance.</exception>
    public Tensor ForwardTraining(Tensor x) => ByBatch(x, moveRunning: true);

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters(string name) => [new Parameter($"{name}.weight", Weight), new Parameter($"{name}.bias", Bias)];

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Buffers(string name) =>
        [new Parameter($"{name}.running_mean", RunningMean), new Parameter($"{name}.running_variance", RunningVariance)];

    /// <inheritdoc/>
    // A step that computes its blocks twice records the second time alone: the running statistics move once.
    internal override Tensor Forward(Tensor x, bool training) => training ? ByBatch(x, GradientTape.IsRecording) : Forward(x);

    private Tensor ByBatch(Tensor x, bool moveRunning)
    {
        Check(x);
        int dim = Weight.Shape[0], count = dim == 0 ? 0 : x.ElementCount / dim;
        if (count < 2) throw new ArgumentException($"BatchNorm: got {count} rows to train on; expected 2 or more.", nameof(x));
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor rows = x.Reshape(Shape.Of(count, dim));
        Tensor mean = rows.Mean(0); // [dim]
        Tensor centred = rows - mean;
        Tensor variance = centred.Square().Mean(0); // [dim]
        Tensor y = centred * (variance + _epsilon).Rsqrt() * Weight + Bias;
        if (moveRunning) Move(mean, variance * (count / (count - 1.0)));
        return lease.Return(y.Reshape(x.Shape));
    }

    private void Move(Tensor mean, Tensor variance)
    {
        using GradientTape.Pause pause = GradientTape.NoGrad();
        RunningMean.Assign(RunningMean * (1 - _momentum) + mean * _momentum);
        RunningVariance.Assign(RunningVariance * (1 - _momentum) + variance * _momentum);
    }

    private void Check(Tensor x)
    {
        if (x.Rank == 0 || x.Shape[^1] != Weight.Shape[0])
            throw new ArgumentException($"BatchNorm: x has shape {x.Shape}; expected […, {Weight.Shape[0]}].", nameof(x));
    }

    private static Tensor Filled(int dim, double value, Device? device)
    {
        Tensor tensor = Tensor.AllocateUnscoped(new Shape(dim), device ?? Device.Cpu);
        tensor.Backend.Fill(tensor, value);
        return tensor;
    }
}
