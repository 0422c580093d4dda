namespace Heed.Formats;

/// <summary>One of the few names that a pickle may refer to.</summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}
