using System.Globalization;

namespace Heed.Benchmarks;

/// <summary>
/// What clusters would make of measured compute: a step's time by a link model, in which a message of b bytes takes latency + b/bandwidth. Prints the
/// tables of docs/performance/clusters.md, which has the assumptions.
/// </summary>
internal static class ClusterForecast
{
    private static readonly (string Name, double Latency, double Bandwidth)[] s_links =
    [
        ("1 Gbit Ethernet", 50e-6, 0.118e9),
        ("10 Gbit Ethernet", 30e-6, 1.18e9),
        ("25 Gbit RoCE", 5e-6, 2.9e9),
        ("100 Gbit InfiniBand", 2e-6, 12e9),
    ];

    private static readonly int[] s_ranks = [1, 2, 4, 8, 16, 32, 64];

    public static int Run(string[] args)
    {
        if (args.Length < 6)
        {
            Console.Error.WriteLine("usage: cluster PARAMETERS TOKENS-A-SECOND TOKENS-A-STEP LAYERS HIDDEN DECODE-TOKENS-A-SECOND [VOCABULARY]: measured on one machine, tokens of its share of a step");
            return 2;
        }
        double[] numbers = [.. args.Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
        Machine machine = new(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers.Length > 6 ? numbers[6] : 32000);
        Table("Data parallel training: tokens/s of all machines (efficiency)", machine, DataParallel);
        Table("Tensor parallel decode of one text: tokens/s (efficiency)", machine, TensorParallel);
        return 0;
    }

    private static void Table(string title, Machine machine, Func<Machine, int, double, double, (double Rate, double Efficiency)> forecast)
    {
        Console.WriteLine($"\n{title}\n\n| link | {string.Join(" | ", s_ranks)} |\n|---|{string.Concat(s_ranks.Select(_ => "---:|"))}");
        foreach ((string name, double latency, double bandwidth) in s_links)
        {
            IEnumerable<string> cells = s_ranks.Select(ranks =>
            {
                (double rate, double efficiency) = forecast(machine, ranks, latency, bandwidth);
                return string.Create(CultureInfo.InvariantCulture, $"{rate:F0} ({efficiency:P0})");
            });
            Console.WriteLine($"| {name} | {string.Join(" | ", cells)} |");
        }
    }

    /// <summary>Each machine has as many tokens as were measured; the reduction hides behind the backward pass, two thirds of a step, but for the last bucket.</summary>
    private static (double Rate, double Efficiency) DataParallel(Machine machine, int ranks, double latency, double bandwidth)
    {
        const double bucket = 25_000_000;
        double compute = machine.StepTokens / machine.TrainRate, gradient = 4 * machine.Parameters;
        double reduce = AllReduce(gradient, ranks, latency, bandwidth, Math.Ceiling(gradient / bucket)), last = AllReduce(Math.Min(bucket, gradient), ranks, latency, bandwidth, 1);
        double step = compute + Math.Max(last, reduce - (2.0 / 3 * compute));
        return (ranks * machine.StepTokens / step, compute / step);
    }

    /// <summary>Each machine reads its share of the weights; two sums of a hidden vector a block, one for the embedding, one for what ranks agree on, and the logits.</summary>
    private static (double Rate, double Efficiency) TensorParallel(Machine machine, int ranks, double latency, double bandwidth)
    {
        double compute = 1 / machine.DecodeRate / ranks, rounds = Math.Log2(ranks);
        // So short messages go by recursive doubling: every rank sends all of it in each round.
        double sums = (((2 * machine.Layers) + 1) * rounds * (latency + (4 * machine.Hidden / bandwidth))) + (rounds * latency);
        double logits = ranks == 1 ? 0 : (rounds * latency) + (4 * machine.Vocabulary * (ranks - 1) / ranks / bandwidth);
        double token = compute + sums + logits;
        return (1 / token, compute / token);
    }

    /// <summary>A ring for each bucket: 2(n − 1) messages of an n-th of it.</summary>
    private static double AllReduce(double bytes, int ranks, double latency, double bandwidth, double buckets) =>
        2.0 * (ranks - 1) * ((buckets * latency) + (bytes / ranks / bandwidth));

    private sealed record Machine(double Parameters, double TrainRate, double StepTokens, double Layers, double Hidden, double DecodeRate, double Vocabulary);
}
