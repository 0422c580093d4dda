using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Heed.Tests;

/// <summary>Compiles and runs every C# snippet of the README and the guide, and follows their links.</summary>
public sealed class DocumentationTests
{
    private const string ImplicitUsings = "global using System; global using System.Collections.Generic; global using System.IO; "
        + "global using System.Linq; global using System.Threading; global using System.Threading.Tasks;";

    public static TheoryData<string, int> Snippets()
    {
        TheoryData<string, int> snippets = [];
        foreach (string file in Pages())
            for (int i = 0; i < Code(file).Count; i++) snippets.Add(Path.GetRelativePath(TestData.Repository, file), i);
        return snippets;
    }

    [Theory]
    [MemberData(nameof(Snippets))]
    public async Task Snippet_OfThePage_CompilesAndRuns(string page, int index)
    {
        string code = Code(Path.Combine(TestData.Repository, page))[index];
        string model = Directory.GetDirectories(Path.Combine(TestData.Repository, "models")).Single();
        // The pages say "model.gguf" where a user has a model of their own.
        code = code.Replace("\"model.gguf\"", SymbolDisplay.FormatLiteral(model, quote: true), StringComparison.Ordinal);
        MethodInfo main = Compile(code).EntryPoint!;
        object? result = main.Invoke(null, main.GetParameters().Length == 0 ? [] : [Array.Empty<string>()]);
        if (result is Task running) await running.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void Links_OfAllPages_LeadSomewhere()
    {
        List<string> broken = [];
        foreach (string page in Pages())
            foreach (Match link in Regex.Matches(File.ReadAllText(page), @"\]\(([^)#:]+)(#[^)]*)?\)"))
            {
                string target = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page)!, link.Groups[1].Value));
                if (!Path.Exists(target)) broken.Add($"{page}: {link.Groups[1].Value}");
            }
        broken.ShouldBeEmpty();
    }

    private static IEnumerable<string> Pages() =>
        Directory.GetFiles(TestData.Repository, "*.md").Concat(Directory.GetFiles(Path.Combine(TestData.Repository, "docs"), "*.md", SearchOption.AllDirectories));

    private static List<string> Code(string page) =>
        [.. Regex.Matches(File.ReadAllText(page).ReplaceLineEndings("\n"), @"(?ms)^```csharp\n(.*?)^```").Select(match => match.Groups[1].Value)];

    private static Assembly Compile(string code)
    {
        CSharpParseOptions options = new(LanguageVersion.Preview);
        string[] platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        CSharpCompilation compilation = CSharpCompilation.Create(
            $"Snippet{Guid.NewGuid():N}",
            [CSharpSyntaxTree.ParseText(ImplicitUsings, options), CSharpSyntaxTree.ParseText(code, options)],
            platform.Where(File.Exists).Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        using MemoryStream image = new();
        var emitted = compilation.Emit(image);
        emitted.Success.ShouldBeTrue(string.Join('\n', emitted.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)));
        return Assembly.Load(image.ToArray());
    }
}
