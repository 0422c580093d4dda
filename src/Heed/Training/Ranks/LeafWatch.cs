using Heed.Nn;
using Heed.Tensors;

namespace Heed.Training.Ranks;

/// <summary>
/// Tells when a backward pass has most likely written to a parameter's gradient for the last time: after as many writes as in the passes
/// before. A tied table or a block that is computed again is written to more than once. It is a guess, and wrong where the work hangs on the
/// data: who acts on it must be able to take a late write.
/// </summary>
internal sealed class LeafWatch
{
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly int[] _expected;
    private readonly int[] _seen;
    private readonly Action[] _written;

    /// <param name="parameters">Whose gradients to watch.</param>
    /// <param name="final">Is told the number of a parameter.</param>
    public LeafWatch(IReadOnlyList<Parameter> parameters, Action<int> final)
    {
        _parameters = parameters;
        _expected = new int[parameters.Count];
        _seen = new int[parameters.Count];
        _written = [.. Enumerable.Range(0, parameters.Count).Select(number => (Action)(() =>
        {
            if (++_seen[number] == _expected[number]) final(number);
        }))];
    }

    /// <summary>Watches the pass that follows.</summary>
    public void Begin()
    {
        Array.Clear(_seen);
        Set(number => _written[number]);
    }

    /// <summary>Watches no more, and learns from what was seen.</summary>
    public void End()
    {
        Set(_ => null);
        for (int i = 0; i < _seen.Length; i++) _expected[i] = Math.Max(_expected[i], _seen[i]);
    }

    private void Set(Func<int, Action?> written)
    {
        for (int i = 0; i < _parameters.Count; i++)
            if (_parameters[i].Value.Node is LeafNode leaf) leaf.Written = written(i);
    }
}
