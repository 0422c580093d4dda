namespace Heed.Kernels;

/// <summary>An activation function together with its derivative, on lanes and as its scalar twin.</summary>
internal interface ISlope
{
    /// <summary>f′(x), and f(x) in <paramref name="value"/>.</summary>
    static abstract V Apply<L, V>(V x, out V value)
        where L : ISixteen<V>
        where V : unmanaged;

    static abstract float Apply(float x, out float value);
}
