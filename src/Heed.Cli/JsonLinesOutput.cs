using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Heed.Inference;
using Heed.Inference.Beams;
using Heed.Tokenizers;

namespace Heed.Cli;

/// <summary>A completion as lines of JSON, one object for each piece; the last one has finish_reason and usage.</summary>
internal sealed class JsonLinesOutput(StandardOutput output, Tokenizer tokenizer) : ICompletionOutput
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly ArrayBufferWriter<byte> _line = new();

    public void Write(CompletionPiece piece) => WriteLine(json =>
    {
        if (piece.IsPrompt) json.WriteBoolean("prompt", true);
        WriteText(json, piece.Text, piece.TokenIds, piece.LogProbabilities);
        if (piece.TopLogProbabilities.Count > 0) WriteTop(json, piece.TopLogProbabilities);
        if (piece.FinishReason is { } reason) json.WriteString("finish_reason", NameOf(reason));
        if (piece.Usage is { } usage) WriteUsage(json, usage);
    });

    public void Write(BeamResult result)
    {
        for (int i = 0; i < result.Hypotheses.Count; i++)
        {
            BeamHypothesis found = result.Hypotheses[i];
            bool isLast = i + 1 == result.Hypotheses.Count;
            WriteLine(json =>
            {
                WriteText(json, found.Text, found.TokenIds, found.LogProbabilities);
                json.WriteNumber("score", found.Score);
                json.WriteNumber("logprob", found.LogProbability);
                json.WriteString("finish_reason", NameOf(found.FinishReason));
                if (isLast) WriteUsage(json, result.Usage);
            });
        }
    }

    public void Stopped() => WriteLine(json =>
    {
        json.WriteString("text", "");
        json.WriteStartArray("tokens");
        json.WriteEndArray();
        json.WriteString("finish_reason", "interrupted");
    });

    /// <summary>The reason as this program writes it.</summary>
    public static string NameOf(FinishReason reason) => reason switch
    {
        FinishReason.EndToken => "end_token",
        FinishReason.Stop => "stop",
        FinishReason.MaxTokens => "max_tokens",
        FinishReason.ToolCalls => "tool_calls",
        _ => "context_full",
    };

    private static void WriteText(Utf8JsonWriter json, string text, IReadOnlyList<int> tokens, IReadOnlyList<float> logProbabilities)
    {
        json.WriteString("text", text);
        json.WriteStartArray("tokens");
        foreach (int id in tokens) json.WriteNumberValue(id);
        json.WriteEndArray();
        if (logProbabilities.Count == 0) return;
        json.WriteStartArray("logprobs");
        foreach (float value in logProbabilities) WriteLogProbability(json, value);
        json.WriteEndArray();
    }

    private void WriteTop(Utf8JsonWriter json, IReadOnlyList<IReadOnlyList<TokenLogProbability>> places)
    {
        json.WriteStartArray("top_logprobs");
        foreach (IReadOnlyList<TokenLogProbability> place in places)
        {
            json.WriteStartArray();
            foreach ((int token, float value) in place)
            {
                json.WriteStartObject();
                json.WriteNumber("id", token);
                json.WriteString("text", TextOf(token));
                json.WritePropertyName("logprob");
                WriteLogProbability(json, value);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    private string TextOf(int token) => token >= tokenizer.VocabSize ? ""
        : tokenizer.IsSpecial(token) ? tokenizer.TokenText(token) : Encoding.UTF8.GetString(tokenizer.TokenBytes(token));

    // JSON has no word for −∞, of a token in a prompt that the model takes for impossible.
    private static void WriteLogProbability(Utf8JsonWriter json, float value)
    {
        if (float.IsFinite(value)) json.WriteNumberValue(value);
        else json.WriteNullValue();
    }

    private static void WriteUsage(Utf8JsonWriter json, Usage usage)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", usage.PromptTokens);
        if (usage.CachedTokens > 0) json.WriteNumber("cached_tokens", usage.CachedTokens);
        json.WriteNumber("completion_tokens", usage.CompletionTokens);
        json.WriteNumber("prefill_ms", Math.Round(usage.Prefill.TotalMilliseconds, 3));
        json.WriteNumber("decode_ms", Math.Round(usage.Decode.TotalMilliseconds, 3));
        if (usage.DraftedTokens > 0)
        {
            json.WriteNumber("drafted_tokens", usage.DraftedTokens);
            json.WriteNumber("accepted_tokens", usage.AcceptedTokens);
        }
        json.WriteEndObject();
    }

    private void WriteLine(Action<Utf8JsonWriter> members)
    {
        _line.ResetWrittenCount();
        using (Utf8JsonWriter json = new(_line, s_options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        _line.Write("\n"u8);
        output.Write(_line.WrittenSpan);
    }
}
