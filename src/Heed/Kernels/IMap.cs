namespace Heed.Kernels;

/// <summary>An element-wise function of one number and one constant, on lanes and as its scalar twin.</summary>
internal interface IMap
{
    static abstract V Apply<L, V>(V x, V constant)
        where L : ISixteen<V>
        where V : unmanaged;

    static abstract float Apply(float x, float constant);
}
