using Heed.Inference.Grammars;

namespace Heed.Extensions.AI;

/// <summary>Grammars of the schemas that were asked for last: what a model has learned of one lives as long as it.</summary>
internal sealed class GrammarCache
{
    private const int Most = 32;
    private readonly Lock _gate = new();
    private readonly LinkedList<(string Schema, Grammar Grammar)> _latest = [];

    /// <exception cref="GrammarException">The schema has a keyword that cannot be held to, or no text is valid.</exception>
    public Grammar Of(string schema)
    {
        lock (_gate)
            for (LinkedListNode<(string Schema, Grammar Grammar)>? node = _latest.First; node is not null; node = node.Next)
                if (node.Value.Schema == schema)
                {
                    _latest.Remove(node);
                    _latest.AddFirst(node);
                    return node.Value.Grammar;
                }
        Grammar grammar = Grammar.FromSchema(schema);
        lock (_gate)
        {
            _latest.AddFirst((schema, grammar));
            if (_latest.Count > Most) _latest.RemoveLast();
        }
        return grammar;
    }
}
