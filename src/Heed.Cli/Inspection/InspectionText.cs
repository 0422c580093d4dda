using System.Globalization;
using Heed.Models;
using Heed.Tokenizers;
using Spectre.Console;

namespace Heed.Cli.Inspection;

/// <summary>A model's summary as tables.</summary>
internal sealed class InspectionText
{
    private const int WidthWithoutTerminal = 1000;
    private readonly StringWriter _text = new(CultureInfo.InvariantCulture);
    private readonly IAnsiConsole _console;
    private readonly bool _isTerminal;

    private InspectionText(bool isTerminal, bool colours)
    {
        _isTerminal = isTerminal;
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colours ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colours ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(_text),
        });
        _console.Profile.Width = isTerminal ? Math.Max(40, Console.WindowWidth) : WidthWithoutTerminal;
    }

    /// <param name="summary">The model.</param>
    /// <param name="allTensors">Whether every tensor is listed, instead of one line for all layers.</param>
    /// <param name="isTerminal">Whether it is for a terminal, of that width; else columns are never broken.</param>
    /// <param name="colours">Whether escape sequences are welcome.</param>
    public static string Of(ModelSummary summary, bool allTensors, bool isTerminal, bool colours)
    {
        InspectionText page = new(isTerminal, colours);
        page.Pairs("Model", General(summary));
        page.Pairs("Memory", Memory(summary));
        page.Types(summary);
        if (allTensors) page.AllTensors(summary);
        else page.Groups(summary);
        page.Pairs("Tokenizer", TokenizerLines(summary));
        if (summary.Tokenizer is not null) page.Sample(summary);
        if (summary.Metadata.Count > 0) page.Pairs("GGUF metadata", summary.Metadata);
        string text = page._text.ToString();
        // Without a terminal, cells are padded for nobody.
        return isTerminal ? text : string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd()));
    }

    /// <summary>12.3 MiB.</summary>
    public static string Size(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        double value = bytes;
        int unit = 0;
        for (; value >= 1024 && unit < units.Length - 1; unit++) value /= 1024;
        return value.ToString(unit == 0 ? "F0" : "F1", CultureInfo.InvariantCulture) + " " + units[unit];
    }

    /// <summary>The number of layers whose attention has the window.</summary>
    public static int WindowedLayers(ModelConfig config) => Enumerable.Range(0, config.NumLayers).Count(layer => config.AttentionOptionsOf(layer).Window > 0);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static IEnumerable<KeyValuePair<string, string>> General(ModelSummary summary)
    {
        ModelConfig config = summary.Config;
        yield return new("path", summary.Path);
        yield return new("format", $"{summary.Format}, {Size(summary.FileBytes)}");
        yield return new("architecture", config.Architecture);
        yield return new("parameters", Number(config.ParameterCount()));
        yield return new("context", $"{Number(config.MaxSeqLen)} tokens");
        yield return new("layers", config.Encoder is { } half ? $"{Number(half.NumLayers)} of the encoder, {Number(config.NumLayers)} of the decoder" : Number(config.NumLayers));
        yield return new("hidden size", Number(config.HiddenSize));
        yield return new("feed-forward size", $"{Number(config.FeedForwardSize)}, {(config.GatedFeedForward ? "gated " : "")}{config.Activation}");
        yield return config.Mixer == MixerKind.Attention
            ? new("heads", $"{config.NumHeads} of size {config.HeadSize}, {config.KvHeads} for keys and values{(config.ValueHeadSize == config.HeadSize ? "" : $", values of size {config.ValueHeadSize}")}")
            : new("mixer", config.DescribeMixer());
        yield return new("vocabulary", $"{Number(config.VocabSize)} tokens, output {(config.TieEmbeddings ? "tied to the embedding" : "of its own")}");
        yield return new("positions", config.Positions == PositionKind.Rotary
            ? string.Create(CultureInfo.InvariantCulture, $"rotary, base {config.RopeTheta}, scaling {config.RopeScaling.Kind}")
            : config.Positions.ToString());
        yield return new("norm", string.Create(CultureInfo.InvariantCulture, $"{config.Norm}, epsilon {config.NormEpsilon}{(config.NormPlacement == NormPlacement.Pre ? "" : $", {config.NormPlacement}")}"));
        if (config.Bidirectional) yield return new("sees", "both ways (an encoder)");
        if (config.Window > 0) yield return new("window", $"{Number(config.Window)} tokens{InLayers(config)}");
        if (config.AttentionPattern != AttentionPatternKind.Full) yield return new("pattern", Pattern(config));
        if (config.AttentionSinks) yield return new("sinks", "a learned one for each head of each layer");
        if (config.Encoder is { } encoder) yield return new("encoder", Encoder(encoder, config));
        yield return new("chat format", config.Encoder is not null ? "none: a source is read, its target written" : Chat(summary.ChatFormat));
    }

    private static string Chat(ChatFormat? format)
    {
        if (format is null) return "unknown without a tokenizer";
        string writer = format.Template is { } template ? $"the model's own template of {Number(template.Source.Length)} characters"
            : format.TemplateProblem is { } problem ? $"built in, because the model's own template cannot be used: {problem}" : "built in";
        string tools = format.ToolCalls != ToolCallFormat.None ? $"calls tools as {format.ToolCalls}" : format.Template is { TakesTools: true } ? "takes tools, calls them in a way that is not known" : "no tools";
        return $"{format.Kind}, {writer}; {tools}{(format.HasReasoning ? "; reasons" : "")}";
    }

    private static string Pattern(ModelConfig config)
    {
        if (config.AttentionPattern == AttentionPatternKind.BigBird)
            return string.Create(CultureInfo.InvariantCulture, $"BigBird: blocks of {config.BigBirdBlock}, a window of {config.BigBirdWindow}, {config.BigBirdGlobal} global, {config.BigBirdRandom} random");
        if (config.AttentionPattern == AttentionPatternKind.Local) return string.Create(CultureInfo.InvariantCulture, $"local: blocks of {config.LocalBlock}");
        string apart = config.LongformerDilation == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", {config.LongformerDilation} apart");
        string own = config.GlobalTokens == 0 || config.GlobalsShared ? "" : " with projections of their own";
        return string.Create(CultureInfo.InvariantCulture, $"Longformer: {config.LongformerWindow} tokens {(config.Bidirectional ? "on each side" : "before")}{apart}, {config.GlobalTokens} global{own}");
    }

    /// <summary>What the encoder is, and how it differs from its decoder.</summary>
    private static string Encoder(ModelConfig encoder, ModelConfig decoder) => string.Join(", ", new[]
    {
        $"context {Number(encoder.MaxSeqLen)} tokens",
        encoder.DescribeMixer(),
        $"feed-forward size {Number(encoder.FeedForwardSize)}",
        $"positions {encoder.Positions}",
        encoder.AttentionPattern != AttentionPatternKind.Full ? Pattern(encoder) : "",
        encoder.Window > 0 ? $"window {Number(encoder.Window)} to either side" : "",
        $"{Number(decoder.ParameterCount() - (decoder with { Encoder = null }).ParameterCount())} parameters with what the decoder looks at it by",
    }.Where(part => part.Length > 0));

    private static IEnumerable<KeyValuePair<string, string>> Memory(ModelSummary summary)
    {
        MemoryNeed need = summary.Memory;
        yield return new("weights, resident", $"about {Size(need.ResidentBytes)}");
        yield return new("weights, mapped", $"about {Size(need.MappedBytes)}");
        yield return Cache(summary.Config, need);
        if (need.RoundedCacheBytes.Count > 0)
            yield return new("rounded", $"{string.Join(", ", need.RoundedCacheBytes.Select(rounded => $"{Size(rounded.Bytes)} with --kv-type {rounded.Type}"))}, for the whole context");
        if (summary.Config.Encoder is not null) yield return new("of a source", $"{Size(1024 * CrossBytesPerToken(summary.Config))} per 1,024 tokens, {Size(need.SourceBytes)} for the encoder's whole context");
    }

    private static long CrossBytesPerToken(ModelConfig config) => (long)config.NumLayers * config.KvHeads * (config.HeadSize + config.ValueHeadSize) * sizeof(float);

    private static KeyValuePair<string, string> Cache(ModelConfig config, MemoryNeed need)
    {
        if (config.Bidirectional) return new("keys and values", "none are kept: the model sees both ways");
        if (config.Mixer == MixerKind.AftFull) return new("keys and values", $"{Size(need.CacheBytes)}, the whole context's from the first token on");
        if (need.CacheBytesPerToken == 0) return new("state", $"{Size(need.CacheBytes)}, however long the text");
        string all = $"{Size(1024 * need.CacheBytesPerToken)} per 1,024 tokens, {Size(need.CacheBytes)} for the whole context";
        return new("keys and values", need.CacheBytes < config.MaxSeqLen * need.CacheBytesPerToken ? $"{all}: layers with a window keep the latest tokens alone" : all);
    }

    private static string InLayers(ModelConfig config) => WindowedLayers(config) == config.NumLayers ? "" : $", in {WindowedLayers(config)} of {config.NumLayers} layers";

    private static IEnumerable<KeyValuePair<string, string>> TokenizerLines(ModelSummary summary)
    {
        if (summary.Tokenizer is not { } tokenizer)
        {
            yield return new("none", summary.TokenizerProblem ?? "");
            yield break;
        }
        string Named(int? id) => id is { } value ? $"{value} {tokenizer.TokenText(value)}" : "none";
        yield return new("kind", tokenizer.GetType().Name.Replace("Tokenizer", "", StringComparison.Ordinal));
        yield return new("tokens", Number(tokenizer.VocabSize));
        yield return new("begins with", $"{Named(tokenizer.BosId)}{(tokenizer.AddsBos ? ", put before a text" : "")}");
        yield return new("ends with", tokenizer.StopIds.Count == 0 ? "none" : string.Join(", ", tokenizer.StopIds.Order().Select(id => Named(id))));
    }

    private void Types(ModelSummary summary)
    {
        Table table = NewTable("Tensor types", "type", "tensors", "numbers", "size", "bits per number");
        foreach (TypeTotal total in summary.Types)
            Row(table, total.Type, Number(total.Tensors), Number(total.Elements), Size(total.Bytes),
                (8.0 * total.Bytes / Math.Max(1, total.Elements)).ToString("F2", CultureInfo.InvariantCulture));
        Write(table);
    }

    private void Groups(ModelSummary summary)
    {
        Table table = NewTable("Tensors (N: a layer's number; --tensors lists all)", "name", "count", "type", "shape", "size");
        foreach (TensorGroup group in summary.Groups) Row(table, group.Name, Number(group.Count), group.Type, group.Shape, Size(group.Bytes));
        Write(table);
    }

    private void AllTensors(ModelSummary summary)
    {
        Table table = NewTable("Tensors", "name", "type", "shape", "size", "offset");
        foreach (Formats.StoredTensor tensor in summary.Tensors)
            Row(table, tensor.Name, ModelInspector.TypeOf(tensor), ModelInspector.ShapeOf(tensor), Size(tensor.ByteLength), tensor.Offset.ToString(CultureInfo.InvariantCulture));
        Write(table);
    }

    private void Sample(ModelSummary summary)
    {
        Table table = NewTable($"\"{summary.SampleText}\" is {summary.Sample.Count} tokens", "id", "token");
        foreach (SampleToken token in summary.Sample) Row(table, token.Id.ToString(CultureInfo.InvariantCulture), token.Text);
        Write(table);
    }

    private void Pairs(string title, IEnumerable<KeyValuePair<string, string>> pairs)
    {
        Table table = NewTable(title, "", "");
        table.HideHeaders();
        foreach ((string name, string value) in pairs) Row(table, name, value);
        Write(table);
    }

    private Table NewTable(string title, params string[] columns)
    {
        _console.Write(new Text(Terminal.Clean(title), new Style(decoration: Decoration.Bold)));
        _console.WriteLine();
        Table table = new() { Border = _isTerminal ? TableBorder.Rounded : TableBorder.None };
        foreach (string column in columns) table.AddColumn(new TableColumn(new Text(column)));
        return table;
    }

    private static void Row(Table table, params string[] cells) => table.AddRow(cells.Select(cell => new Text(Terminal.Clean(cell))));

    private void Write(Table table)
    {
        _console.Write(table);
        _console.WriteLine();
    }
}
