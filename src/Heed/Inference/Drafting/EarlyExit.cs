using Heed.Models;

namespace Heed.Inference.Drafting;

/// <summary>
/// Lets the model's own first blocks draft, with its final norm and output layer behind them (self-speculative decoding by early exit; Elhoushi et al.
/// 2024, arXiv 2404.16710). Needs no second model and no second cache; pays for models that were trained to say something early. Exact as <see cref="DraftModel"/> is.
/// </summary>
public sealed class EarlyExit : Speculation
{
    /// <summary>A draft's tokens at most, if nothing else is said.</summary>
    public const int DefaultDraftTokens = 7;

    /// <summary>Drafts of the first <paramref name="layers"/> blocks.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public EarlyExit(int layers) : base(DefaultDraftTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layers, 1);
        Layers = layers;
    }

    /// <summary>How many of the first blocks draft.</summary>
    public int Layers { get; }

    internal override void Check(WritingModel model)
    {
        base.Check(model);
        int blocks = model.Network.Config.NumLayers;
        if (Layers >= blocks) throw new ArgumentException($"EarlyExit: Layers is {Layers}; expected 1 to {blocks - 1}: the model has {blocks} blocks.", nameof(model));
    }

    internal override IDrafter CreateDrafter(WritingModel model, TokenHistory history) => new ShallowDrafter(this, model, history);

    internal override double DraftCost(ModelConfig model) =>
        (double)(model with { NumLayers = Layers, Encoder = null }).ParameterCount() / (model with { Encoder = null }).ParameterCount();
}
