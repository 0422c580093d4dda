using System.Globalization;
using Heed.Inference;
using Heed.Inference.Drafting;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tokenizers;

namespace Heed.Benchmarks;

/// <summary>Text with speculation beside text without, in interleaved rounds: a story, and the same one asked for again.</summary>
internal static class SpeculationBenchmark
{
    private const string Request = "Tell me a story about a fox and a kite.";
    private const int NewTokens = 200;

    public static int Run(string[] arguments)
    {
        if (arguments.Length == 0) return Usage();
        int threads = Number(arguments, 1, 1), rounds = Number(arguments, 2, 15);
        LoadOptions options = new() { Threads = threads };
        using LanguageModel model = LanguageModel.Load(arguments[0], options);
        using LanguageModel? draft = arguments.Length > 3 ? LanguageModel.Load(arguments[3], options) : null;
        if (model.Transformer.Encoder is not null || model.ContextLength < 480) return Usage();
        Costs(model.Transformer);
        List<(string Name, Speculation? Speculation)> ways = [("plain", null), ("lookup", new PromptLookup()), ($"first {Math.Max(1, model.Config.NumLayers / 2)} blocks", new EarlyExit(Math.Max(1, model.Config.NumLayers / 2)))];
        if (draft is not null) ways.Add((Path.GetFileName(arguments[3].TrimEnd('/')), new DraftModel(draft)));
        ChatMessage asked = new(ChatRole.User, Request);
        int[] once = model.ChatFormat.Render([asked], model.Tokenizer);
        string story = model.Tokenizer.Decode(Write(model, once, GenerationOptions.Greedy with { MaxTokens = NewTokens }).Tokens);
        int[] again = model.ChatFormat.Render([asked, new ChatMessage(ChatRole.Assistant, story), asked], model.Tokenizer);
        Compare(model, "repeats, temperature 0", again, 0, ways, rounds);
        Compare(model, "repeats, temperature 0.6", again, 0.6f, ways, rounds);
        Compare(model, "doesn't repeat, temperature 0", once, 0, ways, rounds);
        Compare(model, "doesn't repeat, temperature 1", once, 1, ways, rounds);
        return 0;
    }

    private static void Compare(LanguageModel model, string title, int[] prompt, float temperature, List<(string Name, Speculation? Speculation)> ways, int rounds)
    {
        GenerationOptions options = new() { Temperature = temperature, MaxTokens = NewTokens, Seed = 5 };
        Samples[] seconds = [.. ways.Select(_ => new Samples())], ratios = [.. ways.Select(_ => new Samples())];
        Text[] texts = new Text[ways.Count];
        for (int round = -6; round < rounds; round++)
        {
            for (int i = 0; i < ways.Count; i++) texts[i] = Write(model, prompt, options with { Speculation = ways[i].Speculation });
            if (round < 0) continue;
            for (int i = 0; i < ways.Count; i++)
            {
                // Drawn drafts make another text, which may be of another length.
                seconds[i].Add(texts[i].SecondsEach);
                ratios[i].Add(texts[0].SecondsEach / texts[i].SecondsEach);
            }
        }
        Console.WriteLine();
        Console.WriteLine($"A text that {title}");
        Console.WriteLine();
        Console.WriteLine("| | tok/s | of plain (quartiles) | by the fastest rounds | drafted | accepted | same text |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        for (int i = 0; i < ways.Count; i++)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {ways[i].Name} | {1 / seconds[i].Median:F0} | {ratios[i].Median:F2} ({ratios[i].Quantile(0.25):F2} to {ratios[i].Quantile(0.75):F2}) | {seconds[0].Quantile(0) / seconds[i].Quantile(0):F2} | {texts[i].Drafted} | {texts[i].Accepted} | {(texts[i].Tokens.AsSpan().SequenceEqual(texts[0].Tokens) ? "yes" : "no")} |"));
    }

    private static Text Write(LanguageModel model, int[] prompt, GenerationOptions options)
    {
        List<int> tokens = [];
        Heed.Inference.Usage? usage = null;
        foreach (CompletionPiece piece in model.CompleteAsync(prompt, options).ToBlockingEnumerable())
        {
            tokens.AddRange(piece.TokenIds);
            usage = piece.Usage;
        }
        return new Text([.. tokens], usage!.Decode.TotalSeconds, usage.DraftedTokens, usage.AcceptedTokens);
    }

    /// <summary>What a pass of several tokens costs beside one of a single token.</summary>
    private static void Costs(Transformer model)
    {
        int[] counts = [1, 2, 3, 4, 6, 8, 9, 12, 16];
        Samples[] samples = [.. counts.Select(_ => new Samples())];
        using TensorScope scope = new(recycles: true);
        using KvCache cache = model.CreateCache(maxPositions: 300);
        int[] text = [.. Enumerable.Range(0, 200).Select(i => (int)(i * 7919L % model.Config.VocabSize))];
        Step(text);
        int rounds = (int)Math.Clamp(0.2 / Samples.Time(() => Step(text.AsSpan(0, 1))), 3, 400);
        for (int round = -rounds / 2; round < rounds; round++)
            for (int i = 0; i < counts.Length; i++)
            {
                cache.Truncate(0, 200);
                double seconds = Samples.Time(() => Step(text.AsSpan(0, counts[i])));
                if (round >= 0) samples[i].Add(seconds);
            }
        Console.WriteLine("| tokens of a pass | µs | of one token's |");
        Console.WriteLine("|---|---|---|");
        for (int i = 0; i < counts.Length; i++)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {counts[i]} | {samples[i].Median * 1e6:F0} | {samples[i].Median / samples[0].Median:F2} |"));

        void Step(ReadOnlySpan<int> tokens)
        {
            using TensorScope.Lease step = scope.Enter();
            model.Forward(tokens, cache, rows: LogitRows.All);
        }
    }

    private static int Number(string[] arguments, int index, int otherwise) => arguments.Length > index ? int.Parse(arguments[index], CultureInfo.InvariantCulture) : otherwise;

    private static int Usage()
    {
        Console.Error.WriteLine("speculation MODEL [threads [rounds [DRAFT]]]: a model that writes texts of 480 tokens or more");
        return 2;
    }

    private sealed record Text(int[] Tokens, double Seconds, int Drafted, int Accepted)
    {
        public double SecondsEach => Seconds / Math.Max(1, Tokens.Length - 1);
    }
}
