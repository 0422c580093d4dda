using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Nn;

/// <summary>What the errata ask of the attention layer: each test tells right from the known wrong.</summary>
public sealed class SelfAttentionErrataTests
{
    [Fact]
    public void Row1_GroupedQuery_ScalesByTheHeadsSizeAndNotTheModels()
    {
        const int Dim = 512, HeadDim = 64, Heads = 8, Seq = 5;
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        Tensor x = Random(1, 1, Seq, Dim), fused = Random(2, 3 * Dim, Dim) * 0.05f;
        Tensor result = HeadsOf(fused, Heads, HeadDim, x); // as many key heads as query heads: MHA

        Direct(x, fused, Heads, HeadDim, 1 / Math.Sqrt(HeadDim)).ShouldBe(result.ToArray().Select(value => (double)value), 1e-4);
        double[] wrong = Direct(x, fused, Heads, HeadDim, 1 / Math.Sqrt(Dim));
        wrong.Zip(result.ToArray()).Max(pair => Math.Abs(pair.First - pair.Second)).ShouldBeGreaterThan(0.01);
    }

    [Fact]
    public void Row6_FewerKeyHeads_EqualAllHeadsWithRepeatedKeysAndValues()
    {
        const int Dim = 64, HeadDim = 8, Heads = 8, KvHeads = 2, Seq = 7;
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        Tensor x = Random(3, 1, Seq, Dim), q = Random(4, Heads * HeadDim, Dim), k = Random(5, KvHeads * HeadDim, Dim), v = Random(6, KvHeads * HeadDim, Dim);
        Tensor grouped = HeadsOf(Ops.Concat(0, q, k, v), KvHeads, HeadDim, x);

        Tensor all = HeadsOf(Ops.Concat(0, q, Repeated(k, KvHeads, Heads / KvHeads), Repeated(v, KvHeads, Heads / KvHeads)), Heads, HeadDim, x);

        grouped.ToArray().ShouldBe(all.ToArray(), 1e-6f);
        // The document multiplies eight heads of queries with two of keys.
        Should.Throw<ArgumentException>(() => Random(7, 1, Heads, Seq, HeadDim).MatMul(Random(8, 1, KvHeads, HeadDim, Seq)));
    }

    [Fact]
    public void Row7_EveryHead_ProjectsTheWholeVector()
    {
        const int Dim = 32, HeadDim = 8, Heads = 4, Seq = 3;
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        Tensor x = Random(7, 1, Seq, Dim), fused = Random(8, 3 * Dim, Dim);
        float[] before = Head0(HeadsOf(fused, Heads, HeadDim, x));
        for (int channel = 0; channel < Dim; channel++)
        {
            Tensor other = Tensor.From(x.ToArray(), x.Shape);
            other.AsSpan()[channel] += 1;
            // Split instead of projected, head 0 would not hang on the channels from 8 on.
            Head0(HeadsOf(fused, Heads, HeadDim, other)).ShouldNotBe(before, $"channel {channel}");
        }

        float[] Head0(Tensor heads) => heads.ToArray()[..HeadDim];
    }

    private static Tensor HeadsOf(Tensor fused, int kvHeads, int headDim, Tensor x)
    {
        DenseLinear qkv = new(fused), output = new(Random(9, 1, 1));
        SelfAttention attention = new(qkv, output, kvHeads, headDim, new AttentionOptions(1 / MathF.Sqrt(headDim)));
        int seq = x.Shape[1];
        return attention.Inner(x, new ForwardPass(new OwnRows(1, [.. Enumerable.Range(0, seq)], default, 0, seed: null)), 0);
    }

    /// <summary>Causal attention of all heads in double, from the formula.</summary>
    private static double[] Direct(Tensor x, Tensor fused, int heads, int headDim, double scale)
    {
        int seq = x.Shape[1], dim = x.Shape[2];
        float[] rows = x.ToArray(), weights = fused.ToArray();
        double Project(int token, int row) => Enumerable.Range(0, dim).Sum(i => (double)rows[token * dim + i] * weights[row * dim + i]);
        double[] result = new double[seq * heads * headDim];
        for (int h = 0; h < heads; h++)
        {
            double[][] Part(int first) => [.. Enumerable.Range(0, seq).Select(token => Enumerable.Range(0, headDim).Select(d => Project(token, first + h * headDim + d)).ToArray())];
            double[][] q = Part(0), k = Part(heads * headDim), v = Part(2 * heads * headDim);
            for (int i = 0; i < seq; i++)
            {
                double[] weight = [.. Enumerable.Range(0, i + 1).Select(j => Math.Exp(scale * q[i].Zip(k[j]).Sum(pair => pair.First * pair.Second)))];
                for (int d = 0; d < headDim; d++) result[(i * heads + h) * headDim + d] = weight.Select((w, j) => w * v[j][d]).Sum() / weight.Sum();
            }
        }
        return result;
    }

    private static Tensor Repeated(Tensor rows, int heads, int times)
    {
        int size = rows.Shape[0] / heads;
        return Ops.Concat(0, [.. Enumerable.Range(0, heads * times).Select(head => rows.Slice(0, head / times * size, size))]);
    }

    private static Tensor Random(int seed, params int[] sizes) => Tensor.Normal(new Shape(sizes), new Random(seed), 0, 1);
}
