namespace Heed.Formats;

/// <summary>A dict or OrderedDict: its items in order, repeated keys kept.</summary>
internal sealed class PickleDictionary
{
    public List<KeyValuePair<object, object?>> Items { get; } = [];
}
