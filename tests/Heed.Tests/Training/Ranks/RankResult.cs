using Heed.Training;

namespace Heed.Tests.Training.Ranks;

/// <summary>What a rank's training came to.</summary>
internal sealed record RankResult(List<TrainingStep> Steps, float[] Weights, long MomentBytes);
