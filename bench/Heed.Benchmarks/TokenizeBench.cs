using System.Diagnostics;
using System.Text;
using Heed.Tokenizers;

namespace Heed.Benchmarks;

/// <summary>Measures encoding and decoding of a text on one thread: tokenize TOKENIZER TEXT [RUNS].</summary>
internal static class TokenizeBench
{
    public static int Run(string[] args)
    {
        if (args.Length < 2)
        {
            Console.Error.WriteLine("usage: tokenize TOKENIZER TEXT [RUNS]");
            return 2;
        }

        string text = File.ReadAllText(args[1]);
        int runs = args.Length > 2 ? int.Parse(args[2]) : 10;
        double megabytes = Encoding.UTF8.GetByteCount(text) / 1e6;
        long start = Stopwatch.GetTimestamp();
        Tokenizer tokenizer = Tokenizer.Load(args[0]);
        Console.WriteLine($"load    {Stopwatch.GetElapsedTime(start).TotalMilliseconds,8:F0} ms");
        int[] ids = tokenizer.Encode(text);
        Report("encode", megabytes, runs, () => ids = tokenizer.Encode(text));
        Report("decode", megabytes, runs, () => tokenizer.Decode(ids));
        Console.WriteLine($"tokens  {ids.Length,8}, {text.Length / (double)ids.Length:F2} characters each, text comes back: {tokenizer.Decode(ids) == text}");

        string word = new(Enumerable.Range(0, 1_000_000).Select(i => (char)('a' + (i * 7919 % 26))).ToArray());
        Report("1 MB word", word.Length / 1e6, 3, () => tokenizer.Encode(word));
        return 0;
    }

    private static void Report(string what, double megabytes, int runs, Action action)
    {
        double[] seconds = new double[runs];
        for (int run = 0; run < runs; run++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            seconds[run] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(seconds);
        Console.WriteLine($"{what,-10} {megabytes / seconds[runs / 2],8:F1} MB/s median, {megabytes / seconds[0]:F1} best, {megabytes / seconds[^1]:F1} worst of {runs}");
    }
}
