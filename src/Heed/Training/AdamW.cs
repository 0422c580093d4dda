using Heed.Distributed;
using Heed.Nn;
using Heed.Tensors;
using Heed.Training.Data;
using Heed.Training.Ranks;

namespace Heed.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter 2017, arXiv 1711.05101) over a model's parameters, one pass over each: those with two axes or
/// more decay, norms' gains and biases do not.
/// </summary>
public sealed class AdamW : IOptimizer
{
    private readonly TrainingOptions _options;
    private readonly Parameter[] _parameters;
    private readonly Tensor[] _firstMoments;
    private readonly Tensor[] _secondMoments;

    /// <summary>Begins with moments of 0, in memory of the optimizer's own.</summary>
    /// <param name="parameters">What to move; each is contiguous.</param>
    /// <param name="options">Decay, betas, ε, and the seed of bfloat16's rounding.</param>
    /// <exception cref="ArgumentException">There is no parameter, or one is a strided view.</exception>
    public AdamW(IReadOnlyList<Parameter> parameters, TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(options);
        if (parameters.Count == 0) throw new ArgumentException("AdamW: there is nothing to train; the model's weights are frozen, or no parameter was chosen.", nameof(parameters));
        foreach (Parameter parameter in parameters)
            if (!parameter.Value.IsContiguous) throw new ArgumentException($"AdamW: '{parameter.Name}' of shape {parameter.Value.Shape} is a strided view; train the tensor that it views.", nameof(parameters));
        _options = options;
        _parameters = [.. parameters];
        _firstMoments = [.. parameters.Select(Zeros)];
        _secondMoments = [.. parameters.Select(Zeros)];
    }

    /// <summary>How many steps have been made.</summary>
    public long Step { get; internal set; }

    long IOptimizer.Step
    {
        get => Step;
        set => Step = value;
    }

    long IOptimizer.MomentBytes => _firstMoments.Concat(_secondMoments).Sum(moment => (long)moment.ElementCount * sizeof(float));

    /// <summary>What is moved.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>The moments, under the names of their parameters with "first." or "second." before: what a checkpoint keeps.</summary>
    public IEnumerable<Parameter> Moments()
    {
        for (int i = 0; i < _parameters.Length; i++)
        {
            yield return _parameters[i] with { Name = $"first.{_parameters[i].Name}", Value = _firstMoments[i] };
            yield return _parameters[i] with { Name = $"second.{_parameters[i].Name}", Value = _secondMoments[i] };
        }
    }

    /// <summary>The decay of a parameter: that of the options from two axes on, else 0.</summary>
    public double DecayOf(Parameter parameter) => DecayOf(_options, parameter);

    /// <summary>√Σg² over the gradients of all parameters, in double, in one order: the same on any number of threads.</summary>
    public double GradientNorm() => Math.Sqrt(ShardedParameters.SquaredGradientNorm(_parameters));

    /// <summary>
    /// Moves every parameter that has a gradient, and forgets the gradients. Before, all gradients are multiplied by
    /// <paramref name="gradientScale"/>.
    /// </summary>
    public void Update(double learningRate, double gradientScale = 1)
    {
        Step++;
        for (int i = 0; i < _parameters.Length; i++)
        {
            Tensor value = _parameters[i].Value;
            if (value.Gradient is not { } gradient) continue;
            value.BeginWrite("AdamW");
            value.Backend.AdamW(value, gradient, _firstMoments[i], _secondMoments[i], StepOf(_options, _parameters[i], i, learningRate, gradientScale, Step));
            value.ClearGradient();
        }
    }

    /// <summary>What brings a gradient's norm down to <paramref name="clipNorm"/>: min(1, clip/(norm + 1e-6)), as PyTorch's; 1 where clip is 0.</summary>
    public static double ClipScale(double norm, double clipNorm) => clipNorm == 0 ? 1 : Math.Min(1, clipNorm / (norm + 1e-6));

    /// <summary>The numbers of a step of one parameter.</summary>
    internal static AdamWStep StepOf(TrainingOptions options, Parameter parameter, int number, double learningRate, double gradientScale, long step) =>
        new((float)learningRate, options.Beta1, options.Beta2, options.Epsilon, (float)DecayOf(options, parameter), step,
            (float)gradientScale, options.Bf16Weights ? CounterRandom.Key(options.Seed, (ulong)number, 1) : 0);

    IReadOnlyList<Parameter> IOptimizer.Places() => [.. Moments()];

    IReadOnlyList<Parameter> IOptimizer.Gather(ICommunicator ranks) => [.. Moments()];

    void IOptimizer.Scatter(IReadOnlyList<Parameter> whole, ICommunicator ranks)
    {
        foreach (Parameter moment in Moments())
        {
            moment.Value.BeginWrite("AdamW");
            if (ranks.Size > 1) ranks.Broadcast(moment.Value.AsSpan());
        }
    }

    private static double DecayOf(TrainingOptions options, Parameter parameter) => parameter.Value.Rank >= 2 ? options.WeightDecay : 0;

    private static Tensor Zeros(Parameter parameter)
    {
        Tensor zeros = Tensor.AllocateUnscoped(parameter.Value.Shape, parameter.Value.Device);
        zeros.Backend.Fill(zeros, 0);
        return zeros;
    }
}
