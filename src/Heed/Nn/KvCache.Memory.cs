namespace Heed.Nn;

/// <content>What an encoder has made of the rows' sources, for models that have one.</content>
public sealed partial class KvCache
{
    /// <summary>Keys and values of the sources, which all of a row's tokens look at; owned by the cache. Null before there are sources.</summary>
    internal CrossMemory? Memory
    {
        get;
        set
        {
            field?.Dispose();
            field = value;
        }
    }

    /// <summary>Throws where another model has filled this cache.</summary>
    /// <param name="hasGlobals">Whether the model keeps keys and values of global tokens by projections of their own.</param>
    /// <param name="reader">Which model's encoder would have read the sources.</param>
    internal void CheckFilled(bool hasGlobals, object reader)
    {
        bool isFilled = Array.Exists(_rows, row => row.Length > 0);
        if (isFilled && hasGlobals != _globals is not null)
            throw new ArgumentException($"Forward: the cache is another model's: it holds {(hasGlobals ? "no " : "")}keys and values of global tokens' own, which the model {(hasGlobals ? "needs" : "has not")}.");
        if (Memory is { } memory && !ReferenceEquals(memory.Reader, reader))
            throw new ArgumentException("Forward: the cache is another model's: its sources were read by that model's encoder; Encode reads them by this one's.");
    }
}
