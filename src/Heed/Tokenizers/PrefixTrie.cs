using System.Runtime.InteropServices;

namespace Heed.Tokenizers;

/// <summary>A trie of strings with a value each: what it takes to find every string that begins at a place.</summary>
internal sealed class PrefixTrie
{
    private readonly Dictionary<ulong, int> _edges = [];
    private readonly List<int> _values = [-1];

    /// <summary>The node before the first character.</summary>
    public const int Root = 0;

    /// <summary>Adds a string; the value, not negative, of one that is there already stays.</summary>
    public void Add(ReadOnlySpan<char> text, int value)
    {
        int node = Root;
        foreach (char c in text)
        {
            ref int next = ref CollectionsMarshal.GetValueRefOrAddDefault(_edges, Key(node, c), out bool exists);
            if (!exists)
            {
                next = _values.Count;
                _values.Add(-1);
            }

            node = next;
        }

        if (_values[node] < 0) _values[node] = value;
    }

    /// <summary>The node one character on, or -1.</summary>
    public int Step(int node, char c) => _edges.TryGetValue(Key(node, c), out int next) ? next : -1;

    /// <summary>The value of the string that ends at a node, or -1.</summary>
    public int Value(int node) => _values[node];

    private static ulong Key(int node, char c) => ((ulong)(uint)node << 16) | c;
}
