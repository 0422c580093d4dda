using Heed.Tokenizers;

namespace Heed.Inference.Chat;

/// <summary>The special tokens that mark the parts of an answer, and what begins a call.</summary>
internal static class ToolMarkers
{
    /// <summary>The ids of special tokens whose texts an <see cref="AnswerParser"/> looks for.</summary>
    public static HashSet<int> Shown(Tokenizer tokenizer, ToolCallFormat format, bool hasReasoning)
    {
        IEnumerable<string> markers = format switch
        {
            ToolCallFormat.Hermes => [AnswerParser.ToolCallStart, AnswerParser.ToolCallEnd],
            ToolCallFormat.Mistral => [AnswerParser.MistralCalls, "[ARGS]", "[CALL_ID]"],
            ToolCallFormat.Llama3Json => [AnswerParser.PythonTag],
            _ => [],
        };
        if (hasReasoning) markers = [.. markers, ChatFormat.ReasoningStart, ChatFormat.ReasoningEnd];
        HashSet<int> ids = [];
        foreach (string marker in markers)
            if (tokenizer.IdOf(marker) is { } id && tokenizer.IsSpecial(id)) ids.Add(id);
        return ids;
    }

    /// <summary>The text that begins a call, up to its JSON object.</summary>
    public static string Opening(ToolCallFormat format) => format switch
    {
        ToolCallFormat.Hermes => AnswerParser.ToolCallStart + "\n",
        ToolCallFormat.Mistral => AnswerParser.MistralCalls + "[",
        _ => "",
    };
}
