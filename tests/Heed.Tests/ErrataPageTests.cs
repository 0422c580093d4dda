using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Heed.Tests;

/// <summary>docs/attention/errata.md lists all rows and every test that is named after one, and no other.</summary>
public sealed class ErrataPageTests
{
    private const int Rows = 53;

    [Fact]
    public void ErrataPage_EveryRow_ListsTheTestsOfItsName()
    {
        string page = Path.Combine(TestData.Repository, "docs", "attention", "errata.md");
        Dictionary<int, string[]> listed = File.ReadLines(page).Select(line => Regex.Match(line, @"^\| (\d+) \|")).Where(match => match.Success)
            .ToDictionary(match => Number(match.Groups[1]), match => Names(File.ReadLines(page).First(line => line.StartsWith(match.Value, StringComparison.Ordinal))));

        listed.Keys.Order().ShouldBe(Enumerable.Range(1, Rows));
        foreach ((int row, string[] names) in listed) names.ShouldBe(TestsOf(row), $"row {row}");
    }

    private static string[] Names(string line) => [.. Regex.Matches(line.Split('|')[^2], "`([^`]+)`").Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal)];

    private static string[] TestsOf(int row) =>
    [
        .. typeof(ErrataPageTests).Assembly.GetTypes().SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .Where(method => method.GetCustomAttributes<FactAttribute>().Any())
            .Select(method => method.Name).Where(name => RowsOf(name).Contains(row)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];

    private static IEnumerable<int> RowsOf(string name)
    {
        Match match = Regex.Match(name, @"(?:^|_)Row(\d+)(?:And(\d+))?_");
        return match.Groups.Values.Skip(1).Where(group => group.Success).Select(group => Number(group));
    }

    private static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);
}
