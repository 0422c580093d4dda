using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// A low-rank change of some rows of a linear layer's matrix, ΔW = scale·B·A (Hu et al. 2021, arXiv 2106.09685).
/// </summary>
public sealed class LoraAdapter
{
    /// <summary>An adapter over tensors that learn.</summary>
    /// <param name="name">What it changes, for the names of its parameters: "q_proj".</param>
    /// <param name="a">[rank, inFeatures].</param>
    /// <param name="b">[rows, rank].</param>
    /// <param name="firstRow">The first row of the layer's matrix that it changes.</param>
    /// <param name="scale">α/rank.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    public LoraAdapter(string name, Tensor a, Tensor b, int firstRow, float scale)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        if (a.Rank != 2 || b.Rank != 2 || a.Shape[0] != b.Shape[1])
            throw new ArgumentException($"LoraAdapter: '{name}' has A {a.Shape} and B {b.Shape}; expected [rank, inFeatures] and [rows, rank].");
        Name = name;
        A = a;
        B = b;
        FirstRow = firstRow;
        Scale = scale;
    }

    /// <summary>What it changes.</summary>
    public string Name { get; }

    /// <summary>The first factor, [rank, inFeatures].</summary>
    public Tensor A { get; }

    /// <summary>The second factor, [rows, rank].</summary>
    public Tensor B { get; }

    /// <summary>The first row that it changes.</summary>
    public int FirstRow { get; }

    /// <summary>What multiplies B·A.</summary>
    public float Scale { get; }

    /// <summary>The inner size of the product.</summary>
    public int Rank => A.Shape[0];

    /// <summary>The number of rows that it changes.</summary>
    public int Rows => B.Shape[0];

    /// <summary>scale·B(A(x)): [inFeatures] → [rows].</summary>
    internal Tensor Forward(Tensor x) => Ops.Linear(Ops.ScaleReusing(Ops.Linear(x, A), Scale), B);
}
