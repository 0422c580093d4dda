namespace Heed.Kernels;

/// <summary>An activation function of one number and one constant together with its derivative, on lanes and as its scalar twin.</summary>
internal interface ISlope
{
    /// <summary>f′(x), and f(x) in <paramref name="value"/>.</summary>
    static abstract V Apply<L, V>(V x, V constant, out V value)
        where L : ISixteen<V>
        where V : unmanaged;

    static abstract float Apply(float x, float constant, out float value);
}
