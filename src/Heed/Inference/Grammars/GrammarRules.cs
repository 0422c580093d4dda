namespace Heed.Inference.Grammars;

/// <summary>The rules of a grammar while it is put together; rule 0 is where texts begin.</summary>
internal sealed class GrammarRules
{
    /// <summary>The most rules that a grammar may have.</summary>
    public const int MaxRules = 200_000;

    private readonly List<Rule> _rules = [];

    public int Count => _rules.Count;

    public Rule this[int index] => _rules[index];

    /// <summary>Adds a rule whose body may follow later.</summary>
    /// <param name="name">What errors call it.</param>
    /// <param name="body">What it matches.</param>
    /// <param name="weight">What a call adds to the nesting, which is bounded; every way from a rule back to itself needs a weight.</param>
    /// <param name="counts">Calls count also where they are the last thing that their caller does; otherwise those take no room.</param>
    public int Add(string name, GrammarPart? body = null, int weight = 0, bool counts = false)
    {
        if (_rules.Count >= MaxRules) throw new GrammarException($"Grammar: there are more than {MaxRules} rules.");
        _rules.Add(new Rule(name) { Body = body, Weight = weight, Counts = counts });
        return _rules.Count - 1;
    }

    /// <summary>A rule as it is so far.</summary>
    internal sealed class Rule(string name)
    {
        public string Name => name;

        public GrammarPart? Body { get; set; }

        public int Weight { get; set; }

        public bool Counts { get; init; }
    }
}
