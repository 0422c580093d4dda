using System.Diagnostics;
using System.Globalization;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Benchmarks;

/// <summary>Where the time of reading a prompt and of writing a token goes, by operation.</summary>
internal static class ProfileBenchmark
{
    public static int Run(string[] arguments)
    {
        int threads = Number(arguments, 1, 1), prompt = Number(arguments, 2, 512), tokens = Number(arguments, 3, 64);
        using ProfiledBackend backend = new(threads);
        Device device = Device.Create("profiled", DType.Float32, backend);
        using Checkpoint checkpoint = Checkpoint.Open(arguments[0]);
        Transformer model = new(checkpoint.Config, checkpoint.Weights(device));
        using TensorScope scope = new(recycles: true);
        using KvCache cache = model.CreateCache(maxPositions: prompt + tokens);
        int[] text = [.. Enumerable.Range(0, prompt).Select(i => i * 7919 % model.Config.VocabSize)];
        Console.WriteLine($"{Path.GetFileName(arguments[0])}, {threads} thread(s); microseconds for a token, of the median round of 5");
        Report($"reading a prompt of {prompt}", backend, prompt, () =>
        {
            cache.Truncate(0, 0);
            Step(model, text, cache, scope);
        });
        Report($"writing on after {prompt}", backend, tokens, () =>
        {
            cache.Truncate(0, prompt);
            for (int i = 0; i < tokens; i++) Step(model, [i % 100], cache, scope);
        });
        return 0;
    }

    private static void Step(Transformer model, ReadOnlySpan<int> tokens, KvCache cache, TensorScope scope)
    {
        using TensorScope.Lease step = scope.Enter();
        model.Forward(tokens, cache);
    }

    private static void Report(string title, ProfiledBackend backend, int tokens, Action work)
    {
        List<(double Total, (string Name, double Seconds, int Calls)[] Operations)> rounds = [];
        for (int round = -2; round < 5; round++)
        {
            backend.Clear();
            long start = Stopwatch.GetTimestamp();
            work();
            if (round >= 0) rounds.Add((Stopwatch.GetElapsedTime(start).TotalSeconds, [.. backend.Operations]));
        }
        (double total, (string Name, double Seconds, int Calls)[] operations) = rounds.OrderBy(round => round.Total).ElementAt(2);
        Console.WriteLine();
        Console.WriteLine($"| {title} | µs | share | calls |");
        Console.WriteLine("|---|---|---|---|");
        foreach ((string name, double seconds, int calls) in operations.OrderByDescending(operation => operation.Seconds)) Row(name, seconds, calls);
        Row("between operations", total - operations.Sum(operation => operation.Seconds), 0);
        Row("together", total, operations.Sum(operation => operation.Calls));

        void Row(string name, double seconds, int calls) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {seconds / tokens * 1e6:F1} | {seconds / total:P1} | {(double)calls / tokens:0.##} |"));
    }

    private static int Number(string[] arguments, int index, int otherwise) => arguments.Length > index ? int.Parse(arguments[index], CultureInfo.InvariantCulture) : otherwise;
}
