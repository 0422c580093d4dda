namespace Heed.Tokenizers;

/// <summary>What a <see cref="BpeTrainer"/> is doing.</summary>
public enum BpeTrainingPhase
{
    /// <summary>Counts the words of the text.</summary>
    Counting,

    /// <summary>Learns merges.</summary>
    Merging,
}

/// <summary>How far a <see cref="BpeTrainer"/> has come.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Done">UTF-16 units counted, or ids made.</param>
/// <param name="Total">Of how many; 0 where that is not known.</param>
public readonly record struct BpeTrainingProgress(BpeTrainingPhase Phase, long Done, long Total);
