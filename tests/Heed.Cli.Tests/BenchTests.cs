namespace Heed.Cli.Tests;

public sealed class BenchTests
{
    [Fact]
    public void BenchAttention_Counts_AreThePredictedOnesAndSevenSixths()
    {
        HeedResult result = HeedProcess.Run("bench", "attention", "--tokens", "128", "256", "--heads", "2", "--repeats", "1");

        result.ExitCode.ShouldBe(0, result.Err);
        string[][] rows = [.. result.Out.TrimEnd('\n').Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(cells => cells is ["128" or "256", ..])];
        rows.Length.ShouldBe(2);
        foreach (string[] row in rows)
        {
            row.Length.ShouldBe(14);
            row[3].ShouldBe(row[2]);
            row[4].ShouldBe("1.1667");
            row[7].ShouldBe(row[6]);
        }
        HeedProcess.Run("bench", "attention", "--tokens", "many").Err.ShouldContain("--tokens is 'many'");
    }
}
