using System.Globalization;
using Heed.Models;

namespace Heed.Cli.Scaling;

/// <summary>A rung of the ladder: how wide a model is and how many layers it has.</summary>
internal readonly record struct LadderSize(int Width, int Layers)
{
    private const int SmallHead = 16, LargeHead = 32, FromWidth = 128;

    /// <summary>About twice the parameters from one to the next, 25 thousand to 0.8 million without the vocabulary.</summary>
    public static IReadOnlyList<LadderSize> Usual { get; } = [new(32, 2), new(48, 2), new(64, 3), new(96, 3), new(128, 4)];

    /// <summary>WIDTHxLAYERS; null where it is none.</summary>
    public static LadderSize? Parse(string text) =>
        text.Split('x') is [var width, var layers]
        && int.TryParse(width, NumberStyles.None, CultureInfo.InvariantCulture, out int wide) && wide is >= SmallHead and <= 1 << 16 && wide % SmallHead == 0
        && int.TryParse(layers, NumberStyles.None, CultureInfo.InvariantCulture, out int deep) && deep is >= 1 and <= 1 << 10
            ? new LadderSize(wide, deep) : null;

    /// <summary>The base with this size; heads are 16 wide, or 32 from a width of 128 on where that goes.</summary>
    public ModelConfig Of(ModelConfig config) => (config with
    {
        HiddenSize = Width,
        NumLayers = Layers,
        NumHeads = Width / (Width >= FromWidth && Width % LargeHead == 0 ? LargeHead : SmallHead),
    }).Validate();

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Width}x{Layers}");
}
