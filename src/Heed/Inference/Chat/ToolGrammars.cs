using Heed.Inference.Grammars;
using Heed.Tokenizers;

namespace Heed.Inference.Chat;

/// <summary>The grammars of the calls that were asked for last: what was learned of a grammar is worth keeping. Safe for several threads.</summary>
internal sealed class ToolGrammars
{
    private const int Most = 8;
    private readonly Lock _gate = new();
    private readonly List<(string Schema, string End, Grammar Grammar)> _latest = [];

    /// <inheritdoc cref="ToolGrammar.Schema"/>
    public Grammar Of(IReadOnlyList<ToolDefinition> tools, ToolCallFormat format)
    {
        string schema = ToolGrammar.Schema(tools, format), end = format == ToolCallFormat.Mistral ? "]" : "";
        lock (_gate)
        {
            int at = _latest.FindIndex(known => known.Schema == schema && known.End == end);
            Grammar grammar = at >= 0 ? _latest[at].Grammar : Grammar.FromSchema(schema, end);
            if (at >= 0) _latest.RemoveAt(at);
            _latest.Insert(0, (schema, end, grammar));
            if (_latest.Count > Most) _latest.RemoveAt(Most);
            return grammar;
        }
    }
}
