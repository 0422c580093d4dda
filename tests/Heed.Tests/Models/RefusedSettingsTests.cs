using Heed.Models;

namespace Heed.Tests.Models;

/// <summary>Settings that make no model.</summary>
public sealed class RefusedSettingsTests
{
    private static readonly float[] s_notFinite = [float.NaN, float.PositiveInfinity, float.NegativeInfinity];

    [Fact]
    public void Validate_NumbersOutOfRange_NamesTheSetting()
    {
        ModelConfig config = new();
        foreach (float bad in s_notFinite)
        {
            Refuses(config with { NormEpsilon = bad }, nameof(ModelConfig.NormEpsilon));
            Refuses(config with { RopeTheta = bad }, nameof(ModelConfig.RopeTheta));
            Refuses(config with { Dropout = bad }, nameof(ModelConfig.Dropout));
            Refuses(config with { AttentionScale = bad }, nameof(ModelConfig.AttentionScale));
            Refuses(config with { AttentionSoftCap = bad }, nameof(ModelConfig.AttentionSoftCap));
            Refuses(config with { LogitSoftCap = bad }, nameof(ModelConfig.LogitSoftCap));
            Refuses(config with { EmbeddingScale = bad }, nameof(ModelConfig.EmbeddingScale));
            Refuses(config with { SwishBeta = bad }, nameof(ModelConfig.SwishBeta));
        }
        Refuses(config with { AttentionSoftCap = -5 }, "AttentionSoftCap is -5");
        Refuses(config with { LogitSoftCap = -1 }, "LogitSoftCap is -1");
        Refuses(config with { NormEpsilon = -1 }, "NormEpsilon is -1");
        Refuses(config with { RopeTheta = 0 }, "RopeTheta is 0");
        Refuses(config with { Dropout = 1 }, "Dropout is 1");
        config.Validate().ShouldBeSameAs(config);
    }

    private static void Refuses(ModelConfig config, string expected) => Should.Throw<ArgumentException>(config.Validate).Message.ShouldContain(expected);
}
