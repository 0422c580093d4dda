using Heed.Tensors;

namespace Heed.Tests.Tensors;

public class EinsumTests
{
    [Fact]
    public void Einsum_RandomEquations_MatchPlainLoops()
    {
        for (int seed = 0; seed < 600; seed++)
        {
            EinsumCase sample = new(seed);
            foreach (Device device in new[] { Device.Cpu, Device.Reference })
            {
                Layout layout = (Layout)(seed % 4);
                Tensor[] operands = [.. sample.Shapes.Select((shape, i) => Samples.Make(seed + i, layout, shape, device))];
                (double[] values, double[] magnitudes) = sample.Evaluate([.. operands.Select(Samples.Read)]);
                Tensor got;
                try
                {
                    got = Ops.Einsum(sample.Equation, operands);
                }
                catch (ArgumentException e)
                {
                    throw new ShouldAssertException($"seed {seed}: {Describe(sample)}", e);
                }
                got.Shape.ToArray().ShouldBe(sample.OutputShape, Describe(sample));
                got.IsContiguous.ShouldBeTrue();
                double[] elements = Samples.Read(got);
                // Rounding is relative to the terms' magnitudes: up to 4 operands, and few hundred terms.
                double precision = device == Device.Cpu ? 3e-6 : 1e-13;
                for (int i = 0; i < values.Length; i++)
                    Math.Abs(elements[i] - values[i]).ShouldBeLessThanOrEqualTo(precision * magnitudes[i] + 1e-30, $"seed {seed}: {Describe(sample)}, element {i}");
            }
        }
    }

    [Fact]
    public void Row51_MatrixProduct_IsNotADotProduct()
    {
        Tensor a = Tensor.From([1, 2, 3, 4, 5, 6], new Shape(2, 3)), b = Tensor.From([7, 8, 9, 10, 11, 12], new Shape(3, 2));
        Tensor product = Ops.Einsum("ij,jk->ik", a, b);
        product.Shape.ShouldBe(new Shape(2, 2));
        product.ToArray().ShouldBe([58, 64, 139, 154]);
        Ops.Einsum("ij,ji->", a, b).Item().ShouldBe(58 + 154);
    }

    [Fact]
    public void Row2_MultiQueryWeightedSum_ContractsKeysAndKeepsHeadDim()
    {
        const int batch = 2, heads = 3, queries = 4, keys = 5, dim = 6;
        Tensor weights = Samples.Make(1, [batch, heads, queries, keys], Device.Cpu), v = Samples.Make(2, [batch, keys, dim], Device.Cpu);
        Tensor right = Ops.Einsum("bhsn,bnd->bhsd", weights, v);
        Tensor tiled = v.Unsqueeze(1).BroadcastTo(new Shape(batch, heads, keys, dim));
        Samples.ShouldMatch(right, weights.MatMul(tiled));
        // The listing's form has an axis of keys where queries belong: it adds the weights up over the queries.
        Tensor wrong = Ops.Einsum("bhsn,bnd->bhnd", weights, v);
        wrong.Shape.ShouldBe(new Shape(batch, heads, keys, dim));
        Samples.ShouldMatch(wrong, weights.Sum(2).Unsqueeze(^0) * v.Unsqueeze(1), 1e-5, 1e-5);
    }

    [Fact]
    public void Row3_GroupedQueryWeightedSum_ContractsValues()
    {
        const int batch = 1, groups = 2, kvHeads = 3, queries = 4, keys = 4, dim = 5;
        Tensor weights = Samples.Make(3, Layout.Contiguous, [batch, groups, kvHeads, queries, keys], Device.Cpu, 0.1, 1);
        Tensor v = Samples.Make(4, [batch, kvHeads, keys, dim], Device.Cpu);
        Tensor before = Ops.Einsum("bghns,bhsd->bghnd", weights, v), wrongBefore = Ops.Einsum("bghns,bhnd->bghnd", weights, v);
        v.Slice(2, 0, 1).Assign(v.Slice(2, 0, 1) + 1);
        Tensor after = Ops.Einsum("bghns,bhsd->bghnd", weights, v), wrongAfter = Ops.Einsum("bghns,bhnd->bghnd", weights, v);
        // Key 0 reaches the last query only where the values are contracted over keys.
        LastQuery(after).ShouldNotBe(LastQuery(before));
        LastQuery(wrongAfter).ShouldBe(LastQuery(wrongBefore));

        static float[] LastQuery(Tensor x) => x.Select(3, queries - 1).ToArray();
    }

    [Fact]
    public void Einsum_ImplicitOutput_IsAlphabeticalWithCapitalsAndEllipsisFirst()
    {
        Tensor x = Samples.Make(1, [2, 3, 4, 5], Device.Cpu);
        Ops.Einsum("bA...", x).Shape.ShouldBe(new Shape(4, 5, 3, 2));
        Ops.Einsum("b...a", x).Shape.ShouldBe(new Shape(3, 4, 5, 2));
        Samples.ShouldMatch(Ops.Einsum("ba", x.Select(0, 0).Select(0, 0)), x.Select(0, 0).Select(0, 0).Transpose(0, 1), 0, 0);
        Ops.Einsum("ij,jk", x.Select(0, 0).Select(0, 0), Samples.Make(2, [5, 7], Device.Cpu)).Shape.ShouldBe(new Shape(4, 7));
        Ops.Einsum("ii", Samples.Make(2, [3, 3], Device.Cpu)).Shape.ShouldBe(new Shape());
    }

    [Fact]
    public void Einsum_EllipsisInOperandOnly_BroadcastsFromTheRight()
    {
        Tensor a = Samples.Make(1, [9, 1, 3], Device.Cpu), b = Samples.Make(2, [8, 1], Device.Cpu);
        Samples.ShouldMatch(Ops.Einsum("...,...->...", a, b), a * b, 0, 0);
        Ops.Einsum("i->i...", Tensor.From(1, 2)).ToArray().ShouldBe([1, 2]);
    }

    [Fact]
    public void Einsum_Scalars_Multiply()
    {
        Tensor two = Tensor.Full(new Shape(), 2), three = Tensor.Full(new Shape(), 3);
        Ops.Einsum(",", two, three).Item().ShouldBe(6);
        Ops.Einsum("", two).Item().ShouldBe(2);
        Ops.Einsum(",i,->i", two, Tensor.From(1, 5), three).ToArray().ShouldBe([6, 30]);
    }

    [Fact]
    public void Einsum_SingleOperandWithoutSum_DoesNotShareMemory()
    {
        Tensor x = Tensor.Ones(new Shape(2, 2));
        Tensor y = Ops.Einsum("ij->ij", x);
        y.AsSpan()[0] = 5;
        x.ToArray().ShouldBe([1, 1, 1, 1]);
    }

    [Fact]
    public void Einsum_LongChain_TakesTheSmallestIntermediatesFirst()
    {
        // Left to right the first product alone would have 4096 · 4096 · 64 elements, over the limit with the batch.
        Tensor a = Samples.Make(1, [4096, 64], Device.Cpu), b = Samples.Make(2, [4096, 64], Device.Cpu), c = Samples.Make(3, [64, 4096, 2], Device.Cpu);
        Tensor got = Ops.Einsum("ia,ja,ajk->ik", a, b, c);
        Tensor inner = Ops.Einsum("ja,ajk->ak", b, c);
        Samples.ShouldMatch(got, a.MatMul(inner), 1e-5, 1e-2);
    }

    [Theory]
    [InlineData("ij,jk->ik", "names 2 operands, got 1")]
    [InlineData("ijk->i", "operand 0 'ijk' has 3 subscripts, got shape [2, 3] with 2 axes")]
    [InlineData("i", "operand 0 'i' has 1 subscripts, got shape [2, 3]")]
    [InlineData("...ijk", "operand 0 '...ijk' has 3 subscripts")]
    [InlineData("i1->i", "holds '1'")]
    [InlineData("i..j", "holds '.'")]
    [InlineData("i.j", "holds '.'")]
    [InlineData("...i...", "two ellipses")]
    [InlineData("ij->ik", "output subscript 'k' is in no operand")]
    [InlineData("ij->ii", "output subscript 'i' repeats")]
    [InlineData("ij->i->j", "holds '-'")]
    [InlineData("ij>i", "holds '>'")]
    [InlineData("ij->i,j", "holds ','")]
    [InlineData("ij->......", "two ellipses")]
    [InlineData("ii", "'i' repeats in operand 0 [2, 3] with sizes 2 and 3")]
    [InlineData("...j->j", "expected '...' in the output too")]
    [InlineData("ij,->i", "names 2 operands, got 1")]
    public void Einsum_MalformedEquation_SaysWhatIsWrong(string equation, string message) =>
        Should.Throw<ArgumentException>(() => Ops.Einsum(equation, Tensor.Ones(new Shape(2, 3)))).Message
            .ShouldSatisfyAllConditions(text => text.ShouldStartWith($"Einsum: equation '{equation}'"), text => text.ShouldContain(message));

    [Theory]
    [InlineData("ij,jk->ik", "'j' has size 4 in operand 1 [4, 5], expected 3")]
    [InlineData("...,...", "'...' has size 4 in operand 1 [4, 5], expected 2")]
    public void Einsum_SizesDiffer_SaysWhichAndWhere(string equation, string message) =>
        Should.Throw<ArgumentException>(() => Ops.Einsum(equation, Tensor.Ones(new Shape(2, 3)), Tensor.Ones(new Shape(4, 5)))).Message.ShouldContain(message);

    [Fact]
    public void Einsum_NoOperandsNullOrMixedDevices_Throws()
    {
        Should.Throw<ArgumentException>(() => Ops.Einsum("")).Message.ShouldContain("got 0");
        Should.Throw<ArgumentNullException>(() => Ops.Einsum(null!, Tensor.Ones(new Shape(1))));
        Should.Throw<ArgumentException>(() => Ops.Einsum("i,i", Tensor.Ones(new Shape(1)), Tensor.Ones(new Shape(1), Device.Reference))).Message.ShouldContain("different devices");
    }

    private static string Describe(EinsumCase sample) => $"{sample.Equation} of {string.Join(" ", sample.Shapes.Select(shape => new Shape(shape).ToString()))}";
}
