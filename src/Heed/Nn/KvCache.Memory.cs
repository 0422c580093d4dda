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
}
