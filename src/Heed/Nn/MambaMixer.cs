using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Mamba's block (Gu and Dao 2023, arXiv 2312.00752): the input is widened to a signal and a gate; the signal passes a short
/// convolution and SiLU, chooses its own step sizes Δ, B and C, and goes through the selective scan; the gate's SiLU multiplies
/// what comes out. Causal, linear in seq, with a state of one size.
/// </summary>
/// <param name="input">hidden → 2·channels, rows in the order signal, gate.</param>
/// <param name="convolution">[channels, width].</param>
/// <param name="convolutionBias">[channels].</param>
/// <param name="selection">channels → rank + 2·states, rows in the order Δ, B, C.</param>
/// <param name="step">rank → channels, with a bias; see <see cref="StepBias"/>.</param>
/// <param name="logA">ln(−A), [channels, states]; see <see cref="LogRates"/>.</param>
/// <param name="skip">D, [channels].</param>
/// <param name="output">channels → hidden.</param>
public sealed class MambaMixer(
    Linear input, Tensor convolution, Tensor convolutionBias, Linear selection, Linear step, Tensor logA, Tensor skip, Linear output) : SequenceMixer(output)
{
    private readonly int _channels = logA.Shape[0];
    private readonly int _states = logA.Shape[1];

    /// <inheritdoc/>
    public override bool CanAppend => true;

    internal override IEnumerable<(string Name, object Layer)> Layers =>
    [
        ("input", input), ("convolution.weight", convolution), ("convolution.bias", convolutionBias), ("selection", selection), ("step", step),
        ("log_a", logA), ("skip", skip), ("output", Output),
    ];

    private protected override Tensor Inner(Tensor x) => Mix(x, default, null, null);

    /// <summary>The last width − 1 inputs of the convolution and the scan's states: channels·(width − 1 + states) numbers per row.</summary>
    /// <param name="batch">The number of rows.</param>
    /// <param name="device">Where the layer is; the CPU if null.</param>
    public override MixerState CreateState(int batch, Device? device = null) =>
        new(this, device ?? Device.Cpu, batch, new Shape(batch, convolution.Shape[1] - 1, _channels), new Shape(batch, _states, _channels));

    private protected override Tensor Next(Tensor x, MixerState state, ReadOnlySpan<int> positions) => Mix(x, positions, state.Part(0), state.Part(1));

    /// <summary>ln(−A) to begin with: A = −1, −2, … −states in every channel.</summary>
    /// <param name="channels">The number of channels.</param>
    /// <param name="states">The number of states per channel.</param>
    /// <param name="device">The device; the CPU if null.</param>
    public static Tensor LogRates(int channels, int states, Device? device = null)
    {
        float[] values = new float[channels * states];
        for (int i = 0; i < values.Length; i++) values[i] = (float)Math.Log(1 + i % states);
        return Tensor.From(values, new Shape(channels, states), device);
    }

    /// <summary>The bias of <c>step</c> to begin with: softplus of it is uniform in [0.001, 0.1].</summary>
    /// <param name="channels">The number of channels.</param>
    /// <param name="random">Where the randomness comes from.</param>
    /// <param name="device">The device; the CPU if null.</param>
    public static Tensor StepBias(int channels, Random random, Device? device = null)
    {
        float[] values = new float[channels];
        for (int i = 0; i < values.Length; i++)
        {
            double step = 0.001 + 0.099 * random.NextDouble();
            values[i] = (float)(step + Math.Log(1 - Math.Exp(-step)));
        }
        return Tensor.From(values, new Shape(channels), device);
    }

    private Tensor Mix(Tensor x, ReadOnlySpan<int> positions, Tensor? convolutionState, Tensor? scanState)
    {
        CheckInput("MambaMixer", x, input.InFeatures);
        Tensor wide = input.Forward(x); // [batch, seq, 2·channels]
        Tensor signal = Ops.Activate(Ops.CausalConvolution(wide.Slice(2, 0, _channels), convolution, convolutionBias, positions, convolutionState), Activation.Silu);
        Tensor chosen = selection.Forward(signal); // [batch, seq, rank + 2·states]
        int rank = step.InFeatures;
        Tensor delta = step.Forward(chosen.Slice(2, 0, rank)); // [batch, seq, channels]
        Tensor mixed = Ops.SelectiveScan(signal, delta, -logA.Exp(), chosen.Slice(2, rank, _states), chosen.Slice(2, rank + _states, _states), skip, positions, scanState);
        return mixed * Ops.Activate(wide.Slice(2, _channels, _channels), Activation.Silu);
    }
}
