using System.Globalization;
using System.Text;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Nn;

/// <summary>The guide's pictures of what reaches what: the gradient of every output by every input of a layer with random weights. HEED_WRITE_PICTURES=1 draws them again.</summary>
public sealed class InfluencePictureTests
{
    private const int Tokens = 24, Hidden = 16, Heads = 2, Cell = 8, Levels = 8;

    [Theory]
    [InlineData("attention"), InlineData("window"), InlineData("top-k"), InlineData("hard"), InlineData("aft-full"), InlineData("aft-local"), InlineData("aft-simple"), InlineData("mamba"), InlineData("linformer")]
    public void Picture_OfTheGuide_IsWhatTheCodeDraws(string name)
    {
        double[,] influence = Influence(Layer(name));
        for (int i = 0; i < Tokens; i++)
            for (int j = i + 1; j < Tokens; j++)
                (influence[i, j] > 0).ShouldBe(name == "linformer", $"token {i} and what comes at {j}");
        string file = $"influence-{name}.svg", path = Path.Combine(TestData.Repository, "docs", "attention", "pictures", file), svg = Svg(name, influence);
        if (Environment.GetEnvironmentVariable("HEED_WRITE_PICTURES") == "1") File.WriteAllText(path, svg);
        File.ReadAllText(path).ShouldBe(svg);
        Directory.GetFiles(Path.Combine(TestData.Repository, "docs", "attention"), "*.md").ShouldContain(page => File.ReadAllText(page).Contains($"pictures/{file}"));
    }

    private static SequenceMixer Layer(string name)
    {
        ModelConfig config = new()
        {
            HiddenSize = Hidden,
            NumHeads = Heads,
            NumLayers = 1,
            MaxSeqLen = Tokens,
            Positions = PositionKind.None,
            AftFactorSize = 0,
            AftWindow = 4,
            LinformerSize = 6,
            Bidirectional = name == "linformer",
            Mixer = name switch { "aft-full" => MixerKind.AftFull, "aft-local" => MixerKind.AftLocal, "aft-simple" => MixerKind.AftSimple, "mamba" => MixerKind.Mamba, "linformer" => MixerKind.Linformer, "hard" => MixerKind.Hard, _ => MixerKind.Attention },
        };
        RandomWeights weights = new(seed: 2);
        SequenceMixer layer = config.Mixer != MixerKind.Attention ? BlockMixers.Of(config, weights)
            : new SelfAttention(weights.Linear("qkv", Hidden, 3 * Hidden), weights.Linear("output", Hidden, Hidden), Heads, Hidden / Heads, new AttentionOptions(1, 0, name == "window" ? 6 : 0)) { TopK = name == "top-k" ? 4 : 0 };
        // Fresh weights are so small that all scores are about equal; these give scores of about 1.
        foreach (Parameter parameter in layer.Parameters("layer").Where(parameter => parameter.Value.Rank == 2 && !parameter.Name.EndsWith("log_a", StringComparison.Ordinal)))
            parameter.Value.Assign(parameter.Value * (1.5f / (0.02f * MathF.Sqrt(Hidden))));
        return layer;
    }

    private static double[,] Influence(SequenceMixer layer)
    {
        double[,] influence = new double[Tokens, Tokens];
        Random random = new(3);
        Tensor x = Tensor.Normal(new Shape(1, Tokens, Hidden), random), direction = Tensor.Normal(new Shape(1, 1, Hidden), random);
        x.RequiresGradient = true;
        for (int i = 0; i < Tokens; i++)
        {
            x.ClearGradient();
            using (GradientTape tape = new()) tape.Backward((layer.Forward(x).Slice(1, i, 1) * direction).Sum());
            float[] gradient = x.Gradient!.ToArray();
            for (int j = 0; j < Tokens; j++) influence[i, j] = Math.Sqrt(gradient.AsSpan(j * Hidden, Hidden).ToArray().Sum(g => (double)g * g));
        }
        return influence;
    }

    private static string Svg(string name, double[,] influence)
    {
        const int Left = 18, Top = 22, Size = Tokens * Cell;
        StringBuilder svg = new();
        void Append(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture));
        Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Left + Size + 2}\" height=\"{Top + Size + 20}\" viewBox=\"0 0 {Left + Size + 2} {Top + Size + 20}\" role=\"img\" aria-label=\"{name}\" font-family=\"sans-serif\" font-size=\"11\">");
        Append($"<text x=\"{Left}\" y=\"13\" font-weight=\"bold\" fill=\"#777\">{name}</text><text x=\"{Left}\" y=\"{Top + Size + 14}\" fill=\"#777\">inputs →</text><text transform=\"translate(5 {Top}) rotate(90)\" fill=\"#777\">outputs →</text>");
        Append($"<rect x=\"{Left}\" y=\"{Top}\" width=\"{Size}\" height=\"{Size}\" fill=\"#e9ecef\"/>");
        double[] greatest = [.. Enumerable.Range(0, Tokens).Select(i => Enumerable.Range(0, Tokens).Max(j => influence[i, j]))];
        for (int level = 1; level <= Levels; level++)
        {
            StringBuilder path = new();
            for (int i = 0; i < Tokens; i++)
                for (int j = 0; j < Tokens; j++)
                    // By the root, or little ones could not be seen; what is above 0 is never white.
                    if (level == (int)Math.Ceiling(Levels * Math.Sqrt(influence[i, j] / greatest[i]) - 1e-9)) path.Append(CultureInfo.InvariantCulture, $"M{Left + j * Cell} {Top + i * Cell}h{Cell}v{Cell}h-{Cell}z");
            if (path.Length > 0) Append($"<path fill=\"#2b6cb0\" fill-opacity=\"{(double)level / Levels}\" d=\"{path}\"/>");
        }
        return svg.Append("</svg>\n").ToString();
    }
}
