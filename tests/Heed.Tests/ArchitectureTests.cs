using System.Text.RegularExpressions;

namespace Heed.Tests;

/// <summary>Holds the floors and walls that ARCHITECTURE.md describes, by reading the sources.</summary>
public sealed class ArchitectureTests
{
    private const int MaxLines = 600;

    // Who may use whom; the root namespace Heed is open to all.
    private static readonly Dictionary<string, string[]> Floors = new(StringComparer.Ordinal)
    {
        ["Kernels"] = [],
        ["Tokenizers"] = [],
        ["Distributed"] = [],
        ["Tensors"] = ["Kernels"],
        ["Nn"] = ["Tensors", "Kernels", "Distributed"],
        ["Formats"] = ["Tensors", "Kernels"],
        ["Models"] = ["Nn", "Formats", "Tensors", "Kernels", "Distributed"],
        ["Training"] = ["Models", "Nn", "Formats", "Tensors", "Kernels", "Tokenizers", "Distributed"],
        ["Inference"] = ["Models", "Nn", "Formats", "Tensors", "Kernels", "Tokenizers", "Distributed"],
    };

    [Fact]
    public void Usings_OfEveryRoom_PointDownward()
    {
        List<string> wrong = [];
        foreach (string file in Sources("src/Heed"))
        {
            string? room = RoomOf(file);
            if (room is null) continue;
            if (!Floors.TryGetValue(room, out string[]? below)) wrong.Add($"{file}: room {room} has no floor; give it one here");
            else
                foreach (Match use in Regex.Matches(File.ReadAllText(file), @"(?<![\w.])Heed\.(\w+)"))
                {
                    string other = use.Groups[1].Value;
                    if (other != room && Floors.ContainsKey(other) && !below.Contains(other)) wrong.Add($"{file}: uses Heed.{other}");
                }
        }
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Namespaces_OfEveryFile_AreTheirFolders()
    {
        List<string> wrong = [];
        foreach (string file in Sources("src/Heed"))
        {
            Match declared = Regex.Match(File.ReadAllText(file), @"(?m)^namespace ([\w.]+);");
            string[] folders = Path.GetRelativePath(Path.Combine(TestData.Repository, "src"), Path.GetDirectoryName(file)!).Split(Path.DirectorySeparatorChar);
            string expected = string.Join('.', folders);
            // The files of Tensors/Ops are facets of one class.
            if (expected == "Heed.Tensors.Ops") expected = "Heed.Tensors";
            if (declared.Success && declared.Groups[1].Value != expected) wrong.Add($"{file}: namespace {declared.Groups[1].Value}, expected {expected}");
        }
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Extensions_StandOnThePublicApiAndAbstractionsAlone()
    {
        string library = File.ReadAllText(Path.Combine(TestData.Repository, "src/Heed/Heed.csproj")), extensions = File.ReadAllText(Path.Combine(TestData.Repository, "src/Heed.Extensions.AI/Heed.Extensions.AI.csproj"));
        Regex.Matches(library, @"InternalsVisibleTo Include=""([^""]+)""").Select(match => match.Groups[1].Value).ShouldBe(["Heed.Tests", "Heed.Benchmarks"]);
        Regex.Matches(extensions, @"PackageReference Include=""([^""]+)""").Select(match => match.Groups[1].Value)
            .ShouldAllBe(package => package.EndsWith(".Abstractions", StringComparison.Ordinal) || package == "Microsoft.Extensions.Options");
        Sources("src/Heed").Where(file => Regex.IsMatch(File.ReadAllText(file), @"Microsoft\.Extensions\.|Heed\.Extensions\b")).ShouldBeEmpty();
        Sources("src/Heed.Extensions.AI").Where(file => !Regex.IsMatch(File.ReadAllText(file), @"(?m)^namespace Heed\.Extensions\.AI;")).ShouldBeEmpty();
    }

    [Fact]
    public void InstructionSets_OutsideOfKernels_AreNotUsed() =>
        Sources("src").Where(file => RoomOf(file) != "Kernels" && Regex.IsMatch(File.ReadAllText(file), @"System\.Runtime\.Intrinsics")).ShouldBeEmpty();

    [Fact]
    public void UnsafeCode_OutsideOfKernelsMappedFilesAndMpi_IsNotUsed() =>
        Sources("src").Where(file => RoomOf(file) is not ("Kernels" or "Formats" or "Distributed") && Regex.IsMatch(File.ReadAllText(file), @"(?m)^[^/\n]*\bunsafe\b(?!-)")).ShouldBeEmpty();

    [Fact]
    public void Interfaces_HaveTwoImplementations()
    {
        // The block matrix is the one source of panels in the library; the other stands in the tests, as its witness.
        string[] excepted = ["IPanelSource"];
        string all = string.Join('\n', Sources("src").Select(File.ReadAllText));
        List<string> lonely = [];
        foreach (Match declared in Regex.Matches(all, @"(?m)^\s*(?:public |internal |private )?(?:unsafe )?(?:partial )?interface (I\w+)"))
        {
            string name = declared.Groups[1].Value;
            // The base list of a type: from its colon to its brace, without the constraints of its parameters.
            int users = Regex.Matches(all, @"(?m)^\s*(?:[\w\[\]]+ )*(?:class|struct|record)\b[^\n{;]*?:([^\n{]*)")
                .Count(type => Regex.IsMatch(Regex.Split(type.Groups[1].Value, @"\bwhere\b")[0], $@"\b{name}\b"));
            if (users < 2 && !excepted.Contains(name)) lonely.Add($"{name}: {users} implementation(s)");
        }
        lonely.ShouldBeEmpty();
    }

    [Fact]
    public void Files_StayBelowTheWall() =>
        Sources("src").Concat(Sources("tests")).Concat(Sources("bench")).Concat(Sources("samples"))
            .Where(file => File.ReadLines(file).Count() > MaxLines).ShouldBeEmpty();

    [Fact]
    public void Rooms_HaveNoDrawersForOddments()
    {
        string[] forbidden = ["Utils", "Helpers", "Common", "Misc", "Manager"];
        Sources("src").Where(file => forbidden.Any(word =>
            Path.GetFileNameWithoutExtension(file).EndsWith(word, StringComparison.Ordinal)
            || Path.GetDirectoryName(file)!.EndsWith(Path.DirectorySeparatorChar + word, StringComparison.Ordinal))).ShouldBeEmpty();
    }

    private static string? RoomOf(string file)
    {
        string relative = Path.GetRelativePath(Path.Combine(TestData.Repository, "src", "Heed"), file);
        string[] parts = relative.Split(Path.DirectorySeparatorChar);
        return parts.Length > 1 && parts[0] != ".." ? parts[0] : null;
    }

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(TestData.Repository, folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
                && !file.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
}
