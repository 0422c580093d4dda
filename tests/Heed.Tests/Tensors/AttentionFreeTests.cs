using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>Attention-free mixing: the reference beside the paper's formula and finite differences, the CPU beside the reference.</summary>
public sealed class AttentionFreeTests
{
    /// <summary>Sizes and the kind of bias; odd ones on purpose.</summary>
    public sealed record Case(int Batch, int Seq, int Dim, string Bias, bool Causal, int Window = 0, int Rank = 3)
    {
        /// <summary>A table for a few more positions than are used.</summary>
        public Shape[] BiasShapes => Bias switch
        {
            "dense" => [new Shape(Seq + 2, Seq + 2)],
            "factors" => [new Shape(Seq + 2, Rank), new Shape(Seq + 2, Rank)],
            "band" => [new Shape(Seq + 2, 2 * Window - 1)],
            _ => [],
        };

        public PositionBias Make(ReadOnlySpan<Tensor> parts) => Bias switch
        {
            "dense" => PositionBias.Dense(parts[0]),
            "factors" => PositionBias.Factors(parts[0], parts[1], Window),
            "band" => PositionBias.Band(parts[0], Window),
            _ => PositionBias.None,
        };

        /// <summary>w[t, j], written from its definition.</summary>
        public double At(double[][] parts, int t, int j)
        {
            if (Bias == "none" || (Window > 0 && Math.Abs(t - j) >= Window)) return 0;
            if (Bias == "dense") return parts[0][t * (Seq + 2) + j];
            if (Bias == "band") return parts[0][t * (2 * Window - 1) + j - t + Window - 1];
            return Enumerable.Range(0, Rank).Sum(r => parts[0][t * Rank + r] * parts[1][j * Rank + r]);
        }
    }

    public static TheoryData<Case> Cases =>
    [
        new(1, 1, 1, "none", true),
        new(2, 5, 3, "none", false),
        new(2, 37, 19, "none", true),
        new(1, 1, 1, "dense", true),
        new(2, 5, 3, "dense", false),
        new(1, 40, 17, "dense", true),
        new(2, 34, 5, "dense", false),
        new(1, 6, 4, "factors", true),
        new(2, 33, 3, "factors", false, Window: 4),
        new(1, 7, 18, "factors", false),
        new(1, 35, 2, "band", true, Window: 3),
        new(2, 4, 3, "band", false, Window: 1),
        new(1, 5, 2, "band", false, Window: 9),
        new(2, 9, 3, "band", true, Window: 4),
        new(2, 41, 18, "band", false, Window: 6),
        new(1, 12, 3, "band", false, Window: 2),
        new(1, 30, 4, "band", true, Window: 1),
    ];

    [Theory, MemberData(nameof(Cases))]
    public void AttentionFree_Forward_MatchesTheFormula(Case x)
    {
        foreach (Device device in new[] { Device.Reference, Device.Cpu })
        {
            Tensor[] inputs = Inputs(x, device);
            double[] k = Samples.Read(inputs[0]), v = Samples.Read(inputs[1]);
            double[][] parts = [.. inputs.Skip(2).Select(Samples.Read)];
            Tensor got = Ops.AttentionFree(inputs[0], inputs[1], x.Make(inputs.AsSpan(2)), x.Causal);
            double[] values = Samples.Read(got.BroadcastTo(inputs[0].Shape));
            for (int b = 0; b < x.Batch; b++)
                for (int t = 0; t < x.Seq; t++)
                    for (int i = 0; i < x.Dim; i++)
                    {
                        double sum = 0, total = 0;
                        for (int j = 0; j < (x.Causal ? t + 1 : x.Seq); j++)
                        {
                            int at = (b * x.Seq + j) * x.Dim + i;
                            double weight = Math.Exp(k[at] + x.At(parts, t, j));
                            sum += weight * v[at];
                            total += weight;
                        }
                        // In float32 an exponent of size 10 has an error of 5e-7, and so have all weights.
                        values[(b * x.Seq + t) * x.Dim + i].ShouldBe(sum / total, ReferenceEquals(device, Device.Cpu) ? 4e-6 : 1e-12);
                    }
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void AttentionFree_Gradients_MatchDifferences(Case x)
    {
        if (x.Seq * x.Seq * x.Dim > 4000) return;
        Random random = new(11);
        Shape rows = new(x.Batch, x.Seq, x.Dim);
        GradientCheck.Run(inputs => Ops.AttentionFree(inputs[0], inputs[1], x.Make(inputs.AsSpan(2)), x.Causal), 1e-6,
            [.. new[] { rows, rows }.Concat(x.BiasShapes).Select(shape => GradientCheck.Random(random, shape))]);
    }

    [Theory, MemberData(nameof(Cases))]
    public void AttentionFreeBackward_Cpu_MatchesReference(Case x)
    {
        Tensor[] expected = Gradients(x, Device.Reference), got = Gradients(x, Device.Cpu);
        for (int i = 0; i < got.Length; i++) Samples.ShouldMatch(got[i], expected[i], 2e-5, 2e-5);
    }

    [Theory, InlineData("dense", false), InlineData("dense", true), InlineData("none", true), InlineData("none", false), InlineData("band", true), InlineData("band", false)]
    public void AttentionFree_KeysAndBiasesFarApart_StaysExact(string bias, bool causal)
    {
        // The greatest key meets the least bias and the other way round: the product of separate exponentials would be 0.
        Case x = new(1, 70, 3, bias, causal, Window: bias == "band" ? 8 : 0);
        foreach (double size in new[] { 60.0, 300 })
        {
            Tensor[] results = [.. new[] { Device.Reference, Device.Cpu }.SelectMany(device =>
            {
                Tensor[] inputs = Inputs(x, device, size);
                foreach (Tensor input in inputs) input.RequiresGradient = true;
                using GradientTape tape = new();
                Tensor result = Ops.AttentionFree(inputs[0], inputs[1], x.Make(inputs.AsSpan(2)), causal);
                tape.Backward(result, Samples.Make(9, result.Shape.ToArray(), device));
                return inputs.Select(input => input.Gradient!.Clone()).Prepend(result);
            })];
            // Exponents of size 600 carry an error of 3e-5.
            for (int i = 0; i < results.Length / 2; i++) Samples.ShouldMatch(results[results.Length / 2 + i], results[i], 1e-3, 1e-3);
        }
    }

    [Fact]
    public void Row45_MaximumOverFeatures_IsWrong_AndOverPositionsRight()
    {
        Tensor k = Tensor.From([0, 3, 0, 0], new Shape(1, 2, 2)), v = Tensor.From([1, 1, 0, 0], new Shape(1, 2, 2));
        Tensor w = Tensor.Zeros(new Shape(2, 2));
        double right = Math.Exp(3) / (Math.Exp(3) + 1), wrong = Math.Exp(-3) / (Math.Exp(-3) + 1);
        right.ShouldBe(0.953, 5e-4);
        foreach (PositionBias bias in new[] { PositionBias.None, PositionBias.Dense(w) })
        {
            float[] got = Ops.AttentionFree(k, v, bias, causal: false).ToArray();
            for (int i = 0; i < got.Length; i += 2)
            {
                ((double)got[i]).ShouldBe(0.5, 1e-6);
                ((double)got[i + 1]).ShouldBe(right, 1e-6);
            }
        }
        // The document subtracts each position's greatest feature, which does not cancel: feature 0 becomes 0.047.
        Tensor shifted = (k - k.Max(^1).Unsqueeze(2)).Exp();
        ((double)((shifted * v).Sum(1) / shifted.Sum(1)).ToArray()[0]).ShouldBe(wrong, 1e-6);
    }

    [Theory, InlineData("none"), InlineData("dense")]
    public void Row45_ConstantPerFeatureOnAllKeys_ChangesNothing(string bias)
    {
        Case x = new(2, 9, 5, bias, false);
        Tensor[] inputs = Inputs(x, Device.Reference);
        Tensor shift = Samples.Make(8, Layout.Contiguous, [5], Device.Reference, -50, 50);
        Tensor plain = Ops.AttentionFree(inputs[0], inputs[1], x.Make(inputs.AsSpan(2)), false);
        Samples.ShouldMatch(Ops.AttentionFree(inputs[0] + shift, inputs[1], x.Make(inputs.AsSpan(2)), false), plain, 1e-12, 1e-12);
    }

    [Fact]
    public void Row46_LocalBias_StillSeesKeysOutsideOfTheWindow()
    {
        Case x = new(1, 8, 4, "band", false, Window: 2);
        Tensor[] inputs = Inputs(x, Device.Cpu);
        float[] before = Ops.AttentionFree(inputs[0], inputs[1], x.Make(inputs.AsSpan(2)), false).ToArray();
        inputs[1].AsSpan()[7 * 4] += 1;
        float[] after = Ops.AttentionFree(inputs[0], inputs[1], x.Make(inputs.AsSpan(2)), false).ToArray();
        after[0].ShouldNotBe(before[0]);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Row46_ZeroBiases_EqualAftSimple(bool causal)
    {
        Tensor k = Samples.Make(1, [2, 40, 7], Device.Cpu), v = Samples.Make(2, [2, 40, 7], Device.Cpu);
        Tensor simple = Ops.AttentionFree(k, v, PositionBias.None, causal).BroadcastTo(k.Shape);
        foreach (PositionBias bias in new[] { PositionBias.Band(Tensor.Zeros(new Shape(40, 5)), 3), PositionBias.Dense(Tensor.Zeros(new Shape(40, 40))) })
            Samples.ShouldMatch(Ops.AttentionFree(k, v, bias, causal), simple, 1e-6, 1e-6);
        // The document masks what is outside of the window.
        Tensor masked = Tensor.Zeros(new Shape(40, 40));
        for (int t = 0; t < 40; t++)
            for (int j = 0; j < 40; j++)
                if (Math.Abs(t - j) >= 3) masked.AsSpan()[t * 40 + j] = -60; // nothing is left of e to this power
        (Ops.AttentionFree(k, v, PositionBias.Dense(masked), causal) - simple).Abs().Max().Item().ShouldBeGreaterThan(0.1f);
    }

    [Theory, InlineData("none", 0), InlineData("dense", 0), InlineData("factors", 5), InlineData("band", 3)]
    public void Row47_CausalMixing_DoesNotSeeWhatComes(string bias, int window)
    {
        Case x = new(2, 70, 18, bias, true, window);
        // The document's sums run over all positions.
        Tensor[] two = Inputs(x, Device.Cpu);
        int[] wrong = Samples.Bits(Ops.AttentionFree(two[0], two[1], x.Make(two.AsSpan(2)), causal: false).BroadcastTo(two[0].Shape).Contiguous());
        two[1].AsSpan()[69 * 18] -= 5;
        Samples.Bits(Ops.AttentionFree(two[0], two[1], x.Make(two.AsSpan(2)), causal: false).BroadcastTo(two[0].Shape).Contiguous())[0].ShouldNotBe(wrong[0]);
        foreach (int changed in new[] { 1, 31, 32, 50, 69 })
        {
            Tensor[] inputs = Inputs(x, Device.Cpu);
            int[] before = Samples.Bits(Ops.AttentionFree(inputs[0], inputs[1], x.Make(inputs.AsSpan(2))));
            for (int b = 0; b < 2; b++)
                for (int i = 0; i < 18; i++)
                {
                    inputs[0].AsSpan()[(b * 70 + changed) * 18 + i] += 100;
                    inputs[1].AsSpan()[(b * 70 + changed) * 18 + i] -= 5;
                }
            int[] after = Samples.Bits(Ops.AttentionFree(inputs[0], inputs[1], x.Make(inputs.AsSpan(2))));
            for (int i = 0; i < before.Length; i++)
                (before[i] == after[i]).ShouldBe(i / 18 % 70 < changed, $"position {i / 18 % 70} after a change of {changed}");
        }
    }

    /// <summary>Running sums over a long text against the whole table of biases: nothing drifts, and nothing is lost by subtraction.</summary>
    [Theory, InlineData(true), InlineData(false)]
    public void AttentionFree_Band_EqualsTheSameBiasesAsATable(bool causal)
    {
        const int Seq = 600, Window = 7;
        Tensor[] inputs = [Samples.Make(1, Layout.Contiguous, [2, Seq, 5], Device.Cpu, -12, 12), Samples.Make(2, [2, Seq, 5], Device.Cpu), Samples.Make(3, Layout.Contiguous, [Seq, 2 * Window - 1], Device.Cpu, -6, 6)];
        float[] band = inputs[2].ToArray(), table = new float[Seq * Seq];
        for (int t = 0; t < Seq; t++)
            for (int j = Math.Max(0, t - Window + 1); j < Math.Min(Seq, t + Window); j++) table[t * Seq + j] = band[t * (2 * Window - 1) + j - t + Window - 1];
        Tensor dense = Tensor.From(table, new Shape(Seq, Seq)), upstream = Samples.Make(9, [2, Seq, 5], Device.Cpu);
        foreach (Tensor input in inputs.Append(dense)) input.RequiresGradient = true;
        Tensor[] Run(PositionBias bias)
        {
            foreach (Tensor input in inputs[..2]) input.ClearGradient();
            using GradientTape tape = new();
            Tensor y = Ops.AttentionFree(inputs[0], inputs[1], bias, causal);
            tape.Backward(y, upstream);
            return [y, inputs[0].Gradient!.Clone(), inputs[1].Gradient!.Clone()];
        }
        Tensor[] expected = Run(PositionBias.Dense(dense)), got = Run(PositionBias.Band(inputs[2], Window));
        for (int i = 0; i < 3; i++) Samples.ShouldMatch(got[i], expected[i], 2e-5, 2e-5);
        float[] slopes = dense.Gradient!.ToArray(), own = inputs[2].Gradient!.ToArray();
        for (int t = 0; t < Seq; t++)
            for (int j = Math.Max(0, t - Window + 1); j < Math.Min(Seq, t + Window); j++)
                ((double)own[t * (2 * Window - 1) + j - t + Window - 1]).ShouldBe(slopes[t * Seq + j], 2e-5);
    }

    [Fact]
    public void AttentionFree_ShorterSequence_HasTheSameBits()
    {
        Case x = new(1, 70, 5, "dense", true);
        Tensor[] inputs = Inputs(x, Device.Cpu);
        int[] whole = Samples.Bits(Ops.AttentionFree(inputs[0], inputs[1], x.Make(inputs.AsSpan(2))));
        foreach (int length in new[] { 1, 30, 33, 64 })
            Samples.Bits(Ops.AttentionFree(inputs[0].Slice(1, 0, length), inputs[1].Slice(1, 0, length), x.Make(inputs.AsSpan(2)))).ShouldBe(whole[..(length * 5)]);
    }

    [Theory, InlineData("none", 0), InlineData("dense", 0), InlineData("factors", 9), InlineData("band", 5)]
    public void AttentionFree_AnyNumberOfThreads_GivesTheSameBits(string bias, int window)
    {
        // Long enough that several threads get parts.
        Case x = new(2, bias == "none" ? 400 : 100, 40, bias, true, window);
        int[][]? expected = null;
        foreach (int threads in new[] { 1, 2, 5 })
        {
            using Device device = Device.CreateCpu(threads);
            int[][] got = [.. Gradients(x, device).Select(Samples.Bits)];
            expected ??= got;
            for (int i = 0; i < got.Length; i++) got[i].AsSpan().SequenceEqual(expected[i]).ShouldBeTrue($"{threads} threads, gradient {i}");
        }
    }

    [Fact]
    public void AttentionFree_Misuse_IsAClearError()
    {
        Tensor k = Tensor.Zeros(new Shape(1, 4, 2)), w = Tensor.Zeros(new Shape(3, 3));
        Should.Throw<ArgumentException>(() => Ops.AttentionFree(k, k, PositionBias.Dense(w))).Message.ShouldContain("at most 3");
        Should.Throw<ArgumentException>(() => Ops.AttentionFree(k, Tensor.Zeros(new Shape(1, 4, 3))));
        Should.Throw<ArgumentException>(() => PositionBias.Dense(Tensor.Zeros(new Shape(3, 2))));
        Should.Throw<ArgumentException>(() => PositionBias.Band(w, 1));
        Should.Throw<ArgumentException>(() => PositionBias.Factors(w, Tensor.Zeros(new Shape(3, 2))));
    }

    private static Tensor[] Inputs(Case x, Device device, double size = 3)
    {
        int[] rows = [x.Batch, x.Seq, x.Dim];
        return [Samples.Make(1, Layout.Contiguous, rows, device, -size, size), Samples.Make(2, rows, device),
            .. x.BiasShapes.Select((shape, i) => Samples.Make(3 + i, Layout.Contiguous, shape.ToArray(), device, -size, size))];
    }

    private static Tensor[] Gradients(Case x, Device device)
    {
        Tensor[] inputs = Inputs(x, device);
        foreach (Tensor input in inputs) input.RequiresGradient = true;
        using GradientTape tape = new();
        Tensor result = Ops.AttentionFree(inputs[0], inputs[1], x.Make(inputs.AsSpan(2)), x.Causal);
        tape.Backward(result, Samples.Make(9, result.Shape.ToArray(), device));
        return [.. inputs.Select(input => input.Gradient!)];
    }
}
