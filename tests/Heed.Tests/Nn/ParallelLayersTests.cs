using Heed.Distributed;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Nn;

/// <summary>SPEC C3: layers whose matrices ranks share, against the dense layers that they are shares of.</summary>
public sealed class ParallelLayersTests
{
    public static TheoryData<int> Ranks => [1, 2, 4];

    public static TheoryData<int, int> Vocabularies => new() { { 1, 7 }, { 2, 7 }, { 4, 7 }, { 4, 4 }, { 4, 12 }, { 4, 13 } };

    [Theory, MemberData(nameof(Ranks))]
    public void C3_ColumnParallelLinear_ShardsConcatenateToTheDenseLayer(int size)
    {
        Tensor weight = Wave(8, 5, 0.2), bias = Wave(1, 8, 0.3).Reshape(8), x = Wave(6, 5, 0.1).Reshape(2, 3, 5), upstream = Wave(6, 8, 0.9).Reshape(2, 3, 8);
        (float[] y, float[] dx, float[] dw, float[] db) = Differentiate(new DenseLinear(weight, bias), weight, bias, x, upstream);
        var parts = InProcessCommunicator.Run(size, ranks =>
        {
            int rows = 8 / size, first = ranks.Rank * rows;
            Tensor own = weight.Slice(0, first, rows).Clone(), ownBias = bias.Slice(0, first, rows).Clone();
            ColumnParallelLinear layer = new(new DenseLinear(own, ownBias), ranks);
            layer.Parameters("w").Select(parameter => (parameter.Shard!.Whole, parameter.Shard.Slice.Rows[0])).ShouldBe([(Shape.Of(8, 5), (first, rows)), (new Shape(8), (first, rows))]);
            return Differentiate(layer, own, ownBias, x.Clone(), upstream.Slice(2, first, rows).Contiguous());
        });
        for (int rank = 0; rank < size; rank++)
            for (int row = 0; row < 6; row++)
                parts[rank].Y.AsSpan(row * 8 / size, 8 / size).ToArray().ShouldBe(y.AsSpan(row * 8 + rank * 8 / size, 8 / size).ToArray(), $"rank {rank}");
        Close([.. parts.SelectMany(part => part.Weight)], dw);
        Close([.. parts.SelectMany(part => part.Bias)], db);
        foreach (var part in parts) Close(part.X, dx);
        foreach (var part in parts) part.X.ShouldBe(parts[0].X, "the gradient of x is not the same on all ranks");
    }

    [Theory, MemberData(nameof(Ranks))]
    public void C3_RowParallelLinear_ShardsSumToTheDenseLayer(int size)
    {
        Tensor weight = Wave(5, 8, 0.2), bias = Wave(1, 5, 0.3).Reshape(5), x = Wave(6, 8, 0.1), upstream = Wave(6, 5, 0.9);
        (float[] y, float[] dx, float[] dw, float[] db) = Differentiate(new DenseLinear(weight, bias), weight, bias, x, upstream);
        int columns = 8 / size;
        var parts = InProcessCommunicator.Run(size, ranks =>
        {
            Tensor own = weight.Slice(1, ranks.Rank * columns, columns).Clone(), ownBias = bias.Clone();
            RowParallelLinear layer = new(new DenseLinear(own), ranks, ownBias);
            layer.Parameters("w").Select(parameter => parameter.Shard?.Slice.FirstColumn).ShouldBe([ranks.Rank * columns, null]);
            return Differentiate(layer, own, ownBias, x.Slice(1, ranks.Rank * columns, columns).Clone(), upstream);
        });
        for (int rank = 0; rank < size; rank++)
        {
            Close(parts[rank].Y, y);
            parts[rank].Y.ShouldBe(parts[0].Y, "the output is not the same on all ranks");
            Close(parts[rank].Bias, db);
            Close(parts[rank].Weight, Columns(dw, 8, rank * columns, columns));
            Close(parts[rank].X, Columns(dx, 8, rank * columns, columns));
        }
    }

    [Fact]
    public void C3_RowParallelLinear_WithoutATape_AddsToTheResidual()
    {
        Tensor weight = Wave(5, 8, 0.2), bias = Wave(1, 5, 0.3).Reshape(5), x = Wave(6, 8, 0.1), residual = Wave(6, 5, 0.7);
        float[] expected = new DenseLinear(weight, bias).ForwardAdd(x, residual.Clone()).ToArray();
        float[][] sums = InProcessCommunicator.Run(2, ranks =>
        {
            RowParallelLinear layer = new(new DenseLinear(weight.Slice(1, ranks.Rank * 4, 4).Clone()), ranks, bias);
            return layer.ForwardAdd(x.Slice(1, ranks.Rank * 4, 4).Clone(), residual.Clone()).ToArray();
        });
        foreach (float[] sum in sums) Close(sum, expected);
    }

    [Theory, MemberData(nameof(Ranks))]
    public void C3_ColumnThenRow_MatchesFiniteDifferences(int size) => InProcessCommunicator.Run(size, ranks =>
    {
        int own = 4 / size, first = ranks.Rank * own;
        // Every rank differentiates by the whole matrices, of which it uses its part: the parts' gradients are summed.
        GradientCheck.Run(inputs =>
        {
            Tensor up = Collectives.Spread(inputs[1], ranks).Slice(0, first, own).Contiguous(), down = Collectives.Spread(inputs[2], ranks).Slice(1, first, own).Contiguous();
            Tensor h = Ops.Activate(new ColumnParallelLinear(new DenseLinear(up), ranks).Forward(inputs[0]), Activation.Silu);
            return new RowParallelLinear(new DenseLinear(down), ranks, inputs[3]).Forward(h);
        }, Shape.Of(2, 3), Shape.Of(4, 3), Shape.Of(3, 4), new Shape(3));
    });

    [Theory, MemberData(nameof(Vocabularies))]
    public void C3_VocabularyParallelEmbedding_ShardsSumToTheDenseTable(int size, int count)
    {
        Tensor table = Wave(count, 3, 0.2), upstream = Wave(6, 3, 0.8);
        int[] ids = [count - 1, 0, 1, count / 2, 0, count - 2];
        (float[] vectors, float[] slopes) = LookUp(new DenseEmbedding(table), table, ids, upstream);
        var parts = InProcessCommunicator.Run(size, ranks =>
        {
            (int first, int rows) = new VocabularyRanges(count, size)[ranks.Rank];
            Tensor own = table.Slice(0, first, rows).Clone();
            VocabularyParallelEmbedding layer = new(new DenseEmbedding(own), count, ranks);
            Should.Throw<ArgumentOutOfRangeException>(() => layer.Forward([count])).Message.ShouldContain($"0 to {count - 1}");
            layer.Forward(ids).ToArray().ShouldBe(vectors);
            return LookUp(layer, own, ids, upstream);
        });
        foreach (var part in parts) part.Vectors.ShouldBe(vectors);
        parts.SelectMany(part => part.Slopes).ShouldBe(slopes);
    }

    [Theory, MemberData(nameof(Vocabularies))]
    public void C3_VocabularyParallelLinear_GathersTheDenseLogits(int size, int count)
    {
        Tensor weight = Wave(count, 3, 0.2), bias = Wave(1, count, 0.6).Reshape(count), upstream = Wave(4, count, 0.8);
        foreach (int rows in new[] { 1, 4 })
        {
            Tensor x = Wave(rows, 3, 0.1), dy = upstream.Slice(0, 0, rows).Contiguous();
            (float[] y, float[] dx, float[] dw, float[] db) = Differentiate(new DenseLinear(weight, bias), weight, bias, x, dy);
            var parts = InProcessCommunicator.Run(size, ranks =>
            {
                (Tensor own, Tensor ownBias, VocabularyParallelLinear layer) = Share(weight, bias, ranks);
                return Differentiate(layer, own, ownBias, x.Clone(), dy);
            });
            foreach (var part in parts) part.Y.ShouldBe(y);
            foreach (var part in parts) Close(part.X, dx);
            Close([.. parts.SelectMany(part => part.Weight)], dw);
            Close([.. parts.SelectMany(part => part.Bias)], db);
        }
    }

    [Theory]
    [InlineData(1, 7, 0), InlineData(2, 7, 0), InlineData(4, 7, 0), InlineData(2, 7, 2), InlineData(4, 13, 2), InlineData(4, 20000, 0)]
    public void C3_CrossEntropy_OfSharedLogits_IsThatOfTheDenseLayer(int size, int count, float softCap)
    {
        // Of 20,000 classes the logits of 420 rows fit in memory at once: three stretches.
        int rows = count > 100 ? 900 : 5;
        Tensor weight = Wave(count, 3, 0.2), bias = Wave(1, count, 0.6).Reshape(count), x = Wave(rows, 3, 0.1);
        int[] targets = [.. Enumerable.Range(0, rows).Select(row => row % 4 == 1 ? -100 : row * 31 % count)];
        (float loss, float[] dx, float[] dw, float[] db) = Lose(new DenseLinear(weight, bias), weight, bias, x, targets, softCap);
        var parts = InProcessCommunicator.Run(size, ranks =>
        {
            (Tensor own, Tensor ownBias, VocabularyParallelLinear layer) = Share(weight, bias, ranks);
            long before = ranks.Traffic.Bytes;
            layer.CrossEntropy(x, targets, softCap: softCap).Item().ShouldBe(loss, 1e-5 * loss);
            if (count > 100 && size > 1) (ranks.Traffic.Bytes - before).ShouldBeLessThan(rows * 20L * 2 * size, "more than three numbers a row were exchanged");
            return Lose(layer, own, ownBias, x.Clone(), targets, softCap);
        });
        foreach (var part in parts)
        {
            part.Loss.ShouldBe(parts[0].Loss);
            part.Loss.ShouldBe(loss, 1e-5f * loss);
            Close(part.X, dx);
        }
        Close([.. parts.SelectMany(part => part.Weight)], dw);
        Close([.. parts.SelectMany(part => part.Bias)], db);
    }

    [Fact]
    public void C3_CrossEntropy_OfSharedLogits_MatchesFiniteDifferences() => InProcessCommunicator.Run(2, ranks => GradientCheck.Run(inputs =>
    {
        (int first, int rows) = new VocabularyRanges(5, 2)[ranks.Rank];
        Tensor own = Collectives.Spread(inputs[1], ranks).Slice(0, first, rows).Contiguous();
        return new VocabularyParallelLinear(new DenseLinear(own), 5, ranks).CrossEntropy(inputs[0], [4, -100, 0, 2], softCap: 2);
    }, Shape.Of(4, 3), Shape.Of(5, 3)));

    [Fact]
    public void C3_CrossEntropy_OfWhatIsNotFinite_IsThatOfTheDenseLayer()
    {
        // Logits are the inputs; rows: an ignored one with an infinity, a target at −∞, one rank with nothing but −∞.
        float inf = float.PositiveInfinity;
        Tensor identity = Tensor.From([.. Enumerable.Range(0, 16).Select(i => i % 5 == 0 ? 1f : 0f)], Shape.Of(4, 4));
        (float[] Bias, int Target)[] cases = [([inf, 0, 0, 0], -100), ([0, -inf, 1, 2], 1), ([-inf, -inf, 1, 2], 3), ([0, 1, inf, 0], 0), ([-inf, -inf, -inf, -inf], 0)];
        foreach ((float[] values, int target) in cases)
        {
            Tensor bias = Tensor.From(values, new Shape(4)), x = Tensor.Zeros(Shape.Of(1, 4));
            float expected = (float)new DenseLinear(identity, bias).CrossEntropy(x, [target]).Item();
            InProcessCommunicator.Run(2, ranks =>
            {
                (_, Tensor ownBias, VocabularyParallelLinear layer) = Share(identity, bias, ranks);
                float loss = (float)layer.CrossEntropy(x, [target]).Item();
                loss.Equals(expected).ShouldBeTrue($"{loss} for {string.Join(' ', values)}, expected {expected}");
                if (target >= 0) return;
                ownBias.RequiresGradient = true;
                using GradientTape tape = new();
                tape.Backward(layer.CrossEntropy(x, [target]));
                ownBias.Gradient!.ToArray().ShouldBe([0, 0]);
            });
        }
    }

    [Theory, MemberData(nameof(Ranks))]
    public void C3_ParallelLayersAndLoss_MatchPyTorch(int size)
    {
        // tests/Golden has no file for these: matrices are sin(0.7·row + 1.3·column + phase), PyTorch 1.13 in float64.
        double[] dx = [-0.22560083522376184, 0.15738854648435993, 0.30980333887074724, 0.008355514019461857, 0, 0, 0, 0, 0.2616113610535713, 0.21248484425467667, -0.1479324671763635, -0.29162836762512157];
        double[] dUp = [0.3462026094860091, -0.23583692814233012, -0.34523435556262283, 0.011026826605069234, 0.0016350786286850605, -0.01725818342750901, -0.011379955643806922, -0.21003492633530438];
        double[] dOut = [0.10410602851436601, 0.22610309213657687, -2.057652597804177, -0.06524140659643404, -0.00036828977361317303, 0.0006642973343718688, 0.12552038905410373];
        double[] dBias = [-0.20438912209029453, 0.11203343280084, 0.26432674617232677, 0.02938075714965195];
        var parts = InProcessCommunicator.Run(size, ranks =>
        {
            int own = 8 / size, first = ranks.Rank * own;
            (int firstRow, int rows) = new VocabularyRanges(7, size)[ranks.Rank];
            Tensor x = Wave(3, 4, 0.1), up = Wave(8, 4, 0.2).Slice(0, first, own).Clone(), down = Wave(4, 8, 0.3).Slice(1, first, own).Clone();
            Tensor bias = Wave(1, 4, 0.4).Reshape(4).Clone(), output = Wave(7, 4, 0.5).Slice(0, firstRow, rows).Clone();
            foreach (Tensor leaf in new[] { x, up, down, bias, output }) leaf.RequiresGradient = true;
            using GradientTape tape = new();
            Tensor h = Ops.Activate(new ColumnParallelLinear(new DenseLinear(up), ranks).Forward(x), Activation.Silu);
            h = new RowParallelLinear(new DenseLinear(down), ranks, bias).Forward(h);
            Tensor loss = new VocabularyParallelLinear(new DenseLinear(output), 7, ranks).CrossEntropy(h, [2, -100, 6], softCap: 3);
            tape.Backward(loss);
            loss.Item().ShouldBe(4.605561518505227, 1e-5);
            Close(x.Gradient!.ToArray(), [.. dx.Select(value => (float)value)]);
            Close(bias.Gradient!.ToArray(), [.. dBias.Select(value => (float)value)]);
            return (Up: up.Gradient!.Sum([1]).ToArray(), Output: output.Gradient!.Sum([1]).ToArray());
        });
        Close([.. parts.SelectMany(part => part.Up)], [.. dUp.Select(value => (float)value)]);
        Close([.. parts.SelectMany(part => part.Output)], [.. dOut.Select(value => (float)value)]);
    }

    [Fact]
    public void C3_Shards_ThatDoNotFit_AreRefused() => InProcessCommunicator.Run(2, ranks =>
    {
        DenseLinear rows = new(Wave(3, 2, 0));
        Should.Throw<ArgumentException>(() => new VocabularyParallelLinear(rows, 8, ranks)).Message.ShouldContain($"the shard of rank {ranks.Rank} of 2 has 3 rows; expected 4 of 8");
        Should.Throw<ArgumentException>(() => new VocabularyParallelEmbedding(new DenseEmbedding(Wave(3, 2, 0)), 1, ranks)).Message.ShouldContain("2 ranks share 1 rows");
        Should.Throw<ArgumentException>(() => new RowParallelLinear(rows, ranks, Tensor.Zeros(new Shape(2)))).Message.ShouldContain("expected [3]");
    });

    private static (Tensor Weight, Tensor Bias, VocabularyParallelLinear Layer) Share(Tensor weight, Tensor bias, ICommunicator ranks)
    {
        (int first, int rows) = new VocabularyRanges(weight.Shape[0], ranks.Size)[ranks.Rank];
        Tensor own = weight.Slice(0, first, rows).Clone(), ownBias = bias.Slice(0, first, rows).Clone();
        return (own, ownBias, new VocabularyParallelLinear(new DenseLinear(own, ownBias), weight.Shape[0], ranks));
    }

    private static (float[] Y, float[] X, float[] Weight, float[] Bias) Differentiate(Linear layer, Tensor weight, Tensor bias, Tensor x, Tensor upstream)
    {
        Tensor[] leaves = [x.Clone(), weight, bias];
        foreach (Tensor leaf in leaves) leaf.RequiresGradient = true;
        using GradientTape tape = new();
        Tensor y = layer.Forward(leaves[0]);
        tape.Backward(y, upstream);
        float[][] gradients = [.. leaves.Select(leaf => leaf.Gradient!.ToArray())];
        foreach (Tensor leaf in leaves) leaf.RequiresGradient = false;
        return (y.ToArray(), gradients[0], gradients[1], gradients[2]);
    }

    private static (float Loss, float[] X, float[] Weight, float[] Bias) Lose(Linear layer, Tensor weight, Tensor bias, Tensor x, int[] targets, float softCap)
    {
        Tensor[] leaves = [x.Clone(), weight, bias];
        foreach (Tensor leaf in leaves) leaf.RequiresGradient = true;
        using GradientTape tape = new();
        Tensor loss = layer.CrossEntropy(leaves[0], targets, softCap: softCap);
        tape.Backward(loss);
        float[][] gradients = [.. leaves.Select(leaf => leaf.Gradient!.ToArray())];
        foreach (Tensor leaf in leaves) leaf.RequiresGradient = false;
        return ((float)loss.Item(), gradients[0], gradients[1], gradients[2]);
    }

    private static (float[] Vectors, float[] Slopes) LookUp(Embedding layer, Tensor table, int[] ids, Tensor upstream)
    {
        table.RequiresGradient = true;
        using GradientTape tape = new();
        Tensor vectors = layer.Forward(ids);
        tape.Backward(vectors, upstream);
        float[] slopes = table.Gradient!.ToArray();
        table.RequiresGradient = false;
        return (vectors.ToArray(), slopes);
    }

    private static float[] Columns(float[] matrix, int width, int first, int count) => [.. matrix.Chunk(width).SelectMany(row => row[first..(first + count)])];

    private static void Close(float[] got, float[] expected)
    {
        got.Length.ShouldBe(expected.Length);
        float scale = expected.Max(MathF.Abs) + 1e-6f;
        // Sums are made in another order; 1e-5 of the largest leaves room for some hundred roundings.
        for (int i = 0; i < got.Length; i++) Math.Abs(got[i] - expected[i]).ShouldBeLessThan(1e-5f * scale, $"element {i}: {got[i]}, expected {expected[i]}");
    }

    private static Tensor Wave(int rows, int columns, double phase) =>
        Tensor.From([.. Enumerable.Range(0, rows * columns).Select(i => (float)Math.Sin(0.7 * (i / columns) + 1.3 * (i % columns) + phase))], Shape.Of(rows, columns));
}
