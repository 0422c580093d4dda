using System.Runtime.CompilerServices;

namespace Heed.Tokenizers.Templates.Execution;

/// <summary>One rendering: what it may spend, where it is, what time it is.</summary>
internal sealed class RenderContext(string template, TemplateOptions options, DateTimeOffset now, CancellationToken cancellation)
{
    private const long StepsBetweenChecks = 4096;
    private const int CharactersAStep = 16;

    private long _steps;
    private long _nextCheck = StepsBetweenChecks;
    private int _depth;

    public TemplateDialect Dialect => options.Dialect;

    public DateTimeOffset Now => now;

    public int MaxTextLength => options.MaxTextLength;

    /// <summary>The line that is being evaluated.</summary>
    public int Line { get; set; } = 1;

    /// <summary>Steps that are about to be made.</summary>
    public void Charge(long steps)
    {
        _steps += steps;
        if (_steps > options.MaxSteps) throw Error($"the template takes more than {options.MaxSteps} steps.");
        if (_steps < _nextCheck) return;
        _nextCheck = _steps + StepsBetweenChecks;
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Characters that are about to be read.</summary>
    public void ChargeReading(long length) => Charge(1 + (length / CharactersAStep));

    /// <summary>Characters that are about to be added to a text.</summary>
    public void ChargeText(long length, long more)
    {
        if (length + more > options.MaxTextLength)
            throw Error($"a text of {length + more} characters; at most {options.MaxTextLength} are allowed.");
        Charge(1 + (more / CharactersAStep));
    }

    public void Enter()
    {
        Charge(1);
        if (++_depth > options.MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Error($"nested {_depth} deep; at most {options.MaxDepth} are allowed.");
    }

    public void Leave() => _depth--;

    public TemplateException Error(string problem) => new(template, Line, problem);

    public TemplateException Refusal(string message) => new(template, Line, message, isRefusal: true);
}
