namespace Heed.Stories.Scoring;

/// <summary>How often something that was asked for was given.</summary>
internal sealed class Tally
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, (int Given, int Asked)> _counts = [];

    public void Count(string name, bool given)
    {
        if (!_counts.TryGetValue(name, out (int Given, int Asked) count)) _names.Add(name);
        _counts[name] = (count.Given + (given ? 1 : 0), count.Asked + 1);
    }

    public (int Given, int Asked) this[string name] => _counts.GetValueOrDefault(name);

    /// <summary>A line for each name, in the order in which they first came up.</summary>
    public IEnumerable<string> Lines() =>
        _names.Select(name => $"{name,-10} {_counts[name].Given,5} of {_counts[name].Asked,5}  {100.0 * _counts[name].Given / _counts[name].Asked,5:F1} %");
}
