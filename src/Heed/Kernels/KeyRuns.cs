namespace Heed.Kernels;

/// <summary>For each query of a call the runs of stored keys that it sees, as attention over stored keys takes them; filled query by query, and again.</summary>
internal sealed class KeyRuns
{
    private int[] _starts = new int[16], _bounds = new int[32];
    private int _runs;

    /// <summary>The number of queries.</summary>
    public int Queries { get; private set; }

    /// <summary>[queries + 1]: where each query's runs begin, and where the last ones end.</summary>
    public ReadOnlySpan<int> Starts => _starts.AsSpan(0, Queries + 1);

    /// <summary>[runs, 2]: a run's first key, and the key after its last.</summary>
    public ReadOnlySpan<int> Bounds => _bounds.AsSpan(0, Math.Max(2, 2 * _runs));

    /// <summary>Begins anew, without a query.</summary>
    public void Clear() => Queries = _runs = 0;

    /// <summary>Adds a query.</summary>
    /// <param name="runs">Ascending, without overlap; first and end each.</param>
    public void Add(ReadOnlySpan<(int First, int End)> runs)
    {
        while (_bounds.Length < 2 * (_runs + runs.Length)) Array.Resize(ref _bounds, 2 * _bounds.Length);
        foreach ((int first, int end) in runs) (_bounds[2 * _runs], _bounds[2 * _runs++ + 1]) = (first, end);
        if (_starts.Length < Queries + 2) Array.Resize(ref _starts, 2 * _starts.Length);
        _starts[++Queries] = _runs;
    }

    /// <summary>Whether a query sees a key.</summary>
    public bool Sees(int query, int key)
    {
        for (int run = _starts[query]; run < _starts[query + 1]; run++)
            if (key >= _bounds[2 * run] && key < _bounds[2 * run + 1]) return true;
        return false;
    }
}
