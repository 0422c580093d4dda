namespace Heed.Cli.Inspection;

/// <summary>What is kept of a text of the whole context where keys and values are rounded.</summary>
/// <param name="Type">To what, as --kv-type names it.</param>
/// <param name="Bytes">The memory.</param>
internal sealed record RoundedCache(string Type, long Bytes);
