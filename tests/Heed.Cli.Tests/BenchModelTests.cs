using System.Text.Json;
using Heed.Tests;

namespace Heed.Cli.Tests;

public sealed class BenchModelTests
{
    [Fact]
    public void Bench_SyntheticModel_WritesFiguresForEachNumberOfThreads()
    {
        HeedResult run = HeedProcess.Run("bench", "--synthetic", "15m", "--type", "q4_0", "--prompt", "8", "-n", "2", "--rounds", "2", "--threads", "1", "2", "--json");
        run.ExitCode.ShouldBe(0, run.Err);
        string[] lines = run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(2);
        foreach (string line in lines)
        {
            using JsonDocument json = JsonDocument.Parse(line);
            json.RootElement.GetProperty("prefill").GetProperty("rounds").GetArrayLength().ShouldBe(2);
            json.RootElement.GetProperty("decode").GetProperty("median").GetDouble().ShouldBeGreaterThan(0);
            json.RootElement.GetProperty("bandwidth").GetDouble().ShouldBeGreaterThan(0);
        }
    }

    [Fact]
    public void Bench_SeveralPromptsAndBatches_MeasuresAllCombinations()
    {
        string[] arguments = ["bench", "--synthetic", "15m", "--prompt", "4,9", "--batch", "1,3", "-n", "2", "--rounds", "1", "--threads", "1,2"];
        HeedResult lines = HeedProcess.Run([.. arguments, "--json"]);
        lines.ExitCode.ShouldBe(0, lines.Err);
        JsonElement[] reports = [.. lines.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        reports.Select(report => (report.GetProperty("threads").GetInt32(), report.GetProperty("batch").GetInt32(), report.GetProperty("prompt_tokens").GetInt32()))
            .ShouldBe([(1, 1, 4), (1, 1, 9), (1, 3, 4), (1, 3, 9), (2, 1, 4), (2, 1, 9), (2, 3, 4), (2, 3, 9)]);
        reports.ShouldAllBe(report => report.GetProperty("decode").GetProperty("median").GetDouble() > 0);
        // Several rows read the weights together: what share of the bandwidth that is says nothing.
        reports.ShouldAllBe(report => (report.GetProperty("bandwidth_share").ValueKind == JsonValueKind.Number) == (report.GetProperty("batch").GetInt32() == 1));
        reports.Count(report => report.GetProperty("peak_mib").ValueKind == JsonValueKind.Number).ShouldBe(1);

        HeedResult table = HeedProcess.Run(arguments);
        table.Out.ShouldContain("2 new tokens for each row");
        table.Out.Split('\n').Count(line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^ +[12] +[13] +[49] +[0-9.]+ \(")).ShouldBe(8, table.Out);
    }

    [Fact]
    public void Bench_FileOfSeveralTypes_NamesTheOneThatMostWeightsHave()
    {
        using TempFolder folder = new();
        string shipped = Path.Combine(TestData.Repository, "models", "heed-stories"), file = folder.File("q4.gguf");
        HeedProcess.Run("quantize", shipped, file, "--type", "q4_k_m").ExitCode.ShouldBe(0);
        // The greatest single matrix is the tied token table, in Q6_K.
        HeedProcess.Run("bench", file, "--prompt", "4", "-n", "1", "--rounds", "1", "--threads", "1").Out.ShouldStartWith("q4.gguf, Q4_K: ");
    }

    [Fact]
    public void Bench_TypesOfTheCache_AreNamedAndTakeTheirShare()
    {
        Dictionary<string, long> bytes = [];
        foreach (string type in new[] { "f32", "F16", "q8_0" })
        {
            HeedResult run = HeedProcess.Run("bench", "--synthetic", "15m", "--prompt", "8", "-n", "2", "--rounds", "1", "--threads", "1", "--kv-type", type, "--json");
            run.ExitCode.ShouldBe(0, run.Err);
            using JsonDocument json = JsonDocument.Parse(run.Out);
            json.RootElement.GetProperty("cache_type").GetString().ShouldBe(type.ToLowerInvariant());
            bytes[type] = json.RootElement.GetProperty("cache_bytes").GetInt64();
        }
        bytes["F16"].ShouldBe(bytes["f32"] / 2);
        bytes["q8_0"].ShouldBeInRange(bytes["f32"] * 34 / 128, bytes["f32"] * 36 / 128);
    }

    [Fact]
    public void Bench_Model_SaysLoadTimeFirstTokenAndMemory_AlsoWithRepackedWeights()
    {
        using TempFolder temp = new();
        string[] arguments = ["bench", "--prompt", "8", "-n", "2", "--rounds", "1", "--threads", "1", "2", "--json", "--repacked", Path.Combine(temp.Path, "m.repacked")];
        for (int load = 0; load < 2; load++)
        {
            HeedResult run = HeedProcess.Run(arguments);
            run.ExitCode.ShouldBe(0, run.Err);
            JsonElement[] lines = [.. run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
            lines[0].GetProperty("first_token_ms").GetDouble().ShouldBeGreaterThan(lines[0].GetProperty("load_ms").GetDouble());
            lines[0].GetProperty("peak_mib").GetDouble().ShouldBeGreaterThan(10);
            lines[1].GetProperty("peak_mib").ValueKind.ShouldBe(JsonValueKind.Null);
            Directory.GetFiles(temp.Path).ShouldBe([Path.Combine(temp.Path, "m.repacked")]);
        }
        HeedResult table = HeedProcess.Run("bench", "--prompt", "8", "-n", "2", "--rounds", "1");
        table.Out.ShouldContain("Loaded in ");
        table.Out.ShouldContain(" MiB at most");
    }

    [Theory]
    [InlineData("--repacked needs a MODEL", "bench", "--exact", "--repacked", "x")]
    [InlineData("--synthetic is '7b'", "bench", "--synthetic", "7b")]
    [InlineData("--type is 'q9'", "bench", "--synthetic", "15m", "--type", "q9")]
    [InlineData("--type needs --synthetic", "bench", "--type", "q4_0")]
    [InlineData("--kv-type is 'q4_0'; expected f32, f16, q8_0", "bench", "--kv-type", "q4_0")]
    [InlineData("--threads is '0'", "bench", "--threads", "0")]
    [InlineData("--threads is 'x'", "bench", "--threads", "x")]
    [InlineData("--threads is '1 -2'", "bench", "--threads", "1", "-2")]
    [InlineData("--prompt is '128,0'; expected whole numbers, 1 or more, with commas between several.", "bench", "--prompt", "128,0")]
    [InlineData("--prompt is '128,'", "bench", "--prompt", "128,")]
    [InlineData("--batch is '1,x'", "bench", "--batch", "1,x")]
    [InlineData("--batch is '99999999999'", "bench", "--batch", "99999999999")]
    [InlineData("a prompt of 100000 tokens and 0 more are beyond the model's", "bench", "--prompt", "8,100000")]
    [InlineData("2147483647 rows of 8 tokens take", "bench", "--batch", "1,2147483647", "--prompt", "8", "-n", "0")]
    public void Bench_WrongOptions_AreNamed(string expected, params string[] arguments)
    {
        HeedResult run = HeedProcess.Run(arguments);
        run.ExitCode.ShouldNotBe(0);
        run.Err.ShouldContain(expected);
    }
}
