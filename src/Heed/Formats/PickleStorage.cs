namespace Heed.Formats;

/// <summary>A storage that a pickle refers to: <paramref name="Count"/> elements in the archive's entry data/<paramref name="Key"/>.</summary>
internal sealed record PickleStorage(string Key, WeightType Type, long Count);
