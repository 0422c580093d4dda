using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>The guide's pictures of masks; HEED_WRITE_PICTURES=1 draws them again.</summary>
public sealed class MaskPictureTests
{
    private const int Tokens = 14;

    public static TheoryData<string> Names => [.. Masks().Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Picture_OfTheGuide_IsWhatTheCodeDraws(string name)
    {
        string path = Path.Combine(TestData.Repository, "docs", "attention", "pictures", name + ".svg");
        string svg = AttentionMaskPicture.Svg(Masks()[name], Tokens, Tokens, cell: 10) + "\n";
        if (Environment.GetEnvironmentVariable("HEED_WRITE_PICTURES") == "1") File.WriteAllText(path, svg);
        File.ReadAllText(path).ShouldBe(svg);
        File.ReadAllText(Path.Combine(TestData.Repository, "docs", "attention", "masks.md")).ShouldContain($"pictures/{name}.svg");
    }

    private static Dictionary<string, AttentionMask> Masks() => new(StringComparer.Ordinal)
    {
        ["causal"] = AttentionMask.Causal,
        ["sliding-window"] = AttentionMask.SlidingWindow(6),
        ["centered-window"] = AttentionMask.CenteredWindow(3),
        ["dilated-window"] = AttentionMask.CenteredWindow(3, 2),
        ["longformer"] = AttentionMask.CenteredWindow(2) | AttentionMask.GlobalTokens(0, 9),
        ["block-sparse"] = AttentionMask.BlockSparse(2, 3, 1, 1),
        ["prefix"] = AttentionMask.Causal | AttentionMask.Prefix(5),
        ["documents"] = AttentionMask.Causal & AttentionMask.Documents([.. Enumerable.Range(0, Tokens).Select(j => j / 7)]),
        ["left-padding"] = AttentionMask.Causal & AttentionMask.Padding([11], PaddingSide.Left),
        ["predicate"] = AttentionMask.Causal & AttentionMask.Predicate((p, j) => (p + j) % 3 > 0),
    };
}
