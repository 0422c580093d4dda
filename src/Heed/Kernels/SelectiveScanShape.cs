namespace Heed.Kernels;

/// <summary>The sizes of a selective scan.</summary>
/// <param name="Batch">Rows that do not see one another.</param>
/// <param name="Seq">Steps of a row.</param>
/// <param name="Channels">Channels, each with states of its own.</param>
/// <param name="States">States of a channel.</param>
internal readonly record struct SelectiveScanShape(int Batch, int Seq, int Channels, int States)
{
    /// <summary>Steps between states that the forward pass keeps for the backward one.</summary>
    public const int Chunk = 32;

    /// <summary>Groups of sixteen channels that one part of the backward pass takes, to add up what all channels have in common.</summary>
    public const int GroupsPerPart = 4;

    /// <summary>Groups of sixteen channels; the last one may be short.</summary>
    public int Groups => (Channels + 15) / 16;

    /// <summary>Parts of a row in the backward pass.</summary>
    public int Parts => (Groups + GroupsPerPart - 1) / GroupsPerPart;

    /// <summary>Stretches of <see cref="Chunk"/> steps.</summary>
    public int Chunks => (Seq + Chunk - 1) / Chunk;

    /// <summary>The channels of a group that exist.</summary>
    public int LanesOf(int group) => Math.Min(16, Channels - (group * 16));
}
