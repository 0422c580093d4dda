using System.Globalization;

namespace Heed.Models;

/// <content>The settings that are no whole numbers, and what they may be.</content>
public sealed partial record ModelConfig
{
    private const string OrMore = "a finite number, 0 or more", Finite = "a finite number";

    private void ValidateNumbers()
    {
        Holds(NormEpsilon >= 0 && float.IsFinite(NormEpsilon), NormEpsilon, nameof(NormEpsilon), OrMore);
        Holds(RopeTheta > 0 && double.IsFinite(RopeTheta), RopeTheta, nameof(RopeTheta), "a finite number above 0");
        Holds(Dropout is >= 0 and < 1, Dropout, nameof(Dropout), "0 or more, below 1");
        Holds(AttentionScale is null || float.IsFinite(AttentionScale.Value), AttentionScale ?? 0, nameof(AttentionScale), Finite);
        Holds(AttentionSoftCap >= 0 && float.IsFinite(AttentionSoftCap), AttentionSoftCap, nameof(AttentionSoftCap), $"{OrMore} (0 for none)");
        Holds(LogitSoftCap >= 0 && float.IsFinite(LogitSoftCap), LogitSoftCap, nameof(LogitSoftCap), $"{OrMore} (0 for none)");
        Holds(float.IsFinite(EmbeddingScale), EmbeddingScale, nameof(EmbeddingScale), Finite);
        Holds(float.IsFinite(SwishBeta), SwishBeta, nameof(SwishBeta), Finite);
    }

    private static void Holds<T>(bool holds, T value, string name, string expected) where T : IFormattable
    {
        if (!holds) throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"ModelConfig: {name} is {value}; expected {expected}."));
    }
}
