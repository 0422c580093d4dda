namespace Heed.Inference.Drafting;

/// <summary>The least of the latest measurements: what something takes when nothing disturbs it.</summary>
internal sealed class RecentLeast(int count)
{
    private readonly double[] _values = new double[count];
    private int _next, _known;

    public bool HasValue => _known > 0;

    public double Value { get; private set; }

    public void Add(double value)
    {
        _values[_next] = value;
        _next = (_next + 1) % _values.Length;
        _known = Math.Min(_known + 1, _values.Length);
        double least = double.PositiveInfinity;
        foreach (double known in _values.AsSpan(0, _known)) least = Math.Min(least, known);
        Value = least;
    }
}
