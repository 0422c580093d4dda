using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>Attention of a call's own rows: the CPU beside the reference, the reference beside finite differences and PyTorch.</summary>
public sealed class AttentionGradientTests
{
    /// <summary>Sizes, options and masks of one case; odd ones on purpose.</summary>
    public sealed record Case(int Batch, int Queries, int Keys, int Heads, int KvHeads, int Dim, int ValueDim, float Cap = 0, int Window = 0,
        float Rate = 0, string Mask = "causal")
    {
        public int[] Limits => [.. Enumerable.Range(0, Batch * Queries).Select(r => Mask switch
        {
            "all" => Keys - 1,
            "odd" => (r * 7 % (Keys + 1)) - 1,
            _ => Math.Clamp((r % Queries) + Keys - Queries, -1, Keys - 1),
        })];

        public int[] Firsts => Mask switch
        {
            "documents" => [.. Limits.Select(limit => Math.Max(limit, 0) / 5 * 5)],
            "odd" => [.. Limits.Select((limit, r) => (r * 5 % (Keys + 1)) - 1)],
            _ => [],
        };
    }

    public static TheoryData<Case> Cases =>
    [
        new(1, 1, 1, 1, 1, 1, 1),
        new(2, 5, 5, 4, 2, 8, 8),
        new(1, 7, 7, 3, 3, 3, 5, Cap: 1.5f),
        new(2, 40, 40, 6, 1, 20, 20, Window: 9),
        new(1, 3, 70, 4, 2, 16, 33, Mask: "all"),
        new(1, 70, 3, 2, 1, 48, 8),
        new(2, 66, 66, 2, 2, 64, 80, Rate: 0.2f),
        new(1, 33, 90, 6, 3, 80, 64, Cap: 2, Window: 20, Rate: 0.5f, Mask: "documents"),
        new(2, 31, 45, 2, 1, 24, 24, Mask: "odd"),
        new(1, 130, 130, 1, 1, 32, 32, Mask: "documents"),
        new(1, 0, 4, 2, 1, 8, 8),
        new(1, 4, 0, 2, 1, 8, 8),
        new(0, 4, 4, 2, 1, 8, 8),
    ];

    [Theory, MemberData(nameof(Cases))]
    public void Attention_ForwardAndBackward_MatchReference(Case x)
    {
        foreach (bool fused in new[] { false, true })
        {
            if (fused && (x.Queries != x.Keys || x.Dim != x.ValueDim)) continue;
            Tensor[] expected = Run(x, Device.Reference, fused), got = Run(x, Device.Cpu, fused);
            for (int i = 0; i < got.Length; i++) Samples.ShouldMatch(got[i], expected[i], 2e-5, 2e-5);
        }
    }

    /// <summary>Output, logSumExp, dq, dk, dv as [batch, rows, heads, dim]; fused ones lie side by side in one row.</summary>
    private static Tensor[] Run(Case x, Device device, bool fused)
    {
        HeadRange[] inputs = Ranges(x, device, fused, seed: 1), gradients = Ranges(x, device, fused, seed: 7);
        AttentionOptions options = new(1 / MathF.Sqrt(x.Dim), x.Cap, x.Window);
        AttentionDropout dropout = new(x.Rate, 99);
        Tensor output = Samples.Make(5, [x.Batch, x.Queries, x.Heads * x.ValueDim], device), sums = Samples.Make(6, [x.Batch, x.Heads, x.Queries], device);
        Tensor gradient = Samples.Make(4, [x.Batch, x.Queries, x.Heads, x.ValueDim], device);
        IBackend backend = output.Backend;
        backend.Attention(inputs[0], inputs[1], inputs[2], x.Limits, x.Firsts, options, dropout, output, sums);
        backend.AttentionBackward(inputs[0], inputs[1], inputs[2], output, gradient, sums, x.Limits, x.Firsts, options, dropout,
            gradients[0], gradients[1], gradients[2]);
        return [output, sums, .. gradients.Select(range => range.Rows.ElementCount == 0 ? range.Rows : range.View())];
    }

    private static HeadRange[] Ranges(Case x, Device device, bool fused, int seed)
    {
        if (!fused)
        {
            return [
                new HeadRange(Samples.Make(seed, [x.Batch, x.Queries, x.Heads, x.Dim], device)),
                new HeadRange(Samples.Make(seed + 1, [x.Batch, x.Keys, x.KvHeads, x.Dim], device)),
                new HeadRange(Samples.Make(seed + 2, [x.Batch, x.Keys, x.KvHeads, x.ValueDim], device))];
        }
        Tensor rows = Samples.Make(seed, [x.Batch, x.Queries, (x.Heads + 2 * x.KvHeads) * x.Dim], device);
        return [new(rows, 0, x.Heads, x.Dim), new(rows, x.Heads, x.KvHeads, x.Dim), new(rows, x.Heads + x.KvHeads, x.KvHeads, x.Dim)];
    }

    [Theory, MemberData(nameof(Cases))]
    public void AttentionBackward_Reference_MatchesFiniteDifferences(Case x)
    {
        if (x.Batch * x.Queries * x.Keys is 0 or > 1000) return;
        const double Step = 1e-5;
        HeadRange[] inputs = Ranges(x, Device.Reference, fused: false, seed: 1);
        Tensor[] results = Run(x, Device.Reference, fused: false);
        double[] gradient = Samples.Read(Samples.Make(4, [x.Batch, x.Queries, x.Heads, x.ValueDim], Device.Reference));
        for (int input = 0; input < 3; input++)
        {
            Span<double> values = inputs[input].Rows.Span<double>(inputs[input].Rows.ElementCount);
            double[] expected = Samples.Read(results[2 + input]);
            for (int i = 0; i < values.Length; i += 1 + (values.Length / 40))
            {
                double old = values[i];
                values[i] = old + Step;
                double high = Loss(x, inputs, gradient);
                values[i] = old - Step;
                double low = Loss(x, inputs, gradient);
                values[i] = old;
                // The step's square times a third derivative near 10, and rounding of a sum near 100 divided by the step.
                ((high - low) / (2 * Step)).ShouldBe(expected[i], 1e-7 * (1 + Math.Abs(expected[i])), $"input {input}, element {i}");
            }
        }
    }

    private static double Loss(Case x, HeadRange[] inputs, double[] gradient)
    {
        Tensor output = Samples.Make(5, [x.Batch, x.Queries, x.Heads * x.ValueDim], Device.Reference);
        output.Backend.Attention(inputs[0], inputs[1], inputs[2], x.Limits, x.Firsts, new(1 / MathF.Sqrt(x.Dim), x.Cap, x.Window),
            new AttentionDropout(x.Rate, 99), output, Samples.Make(6, [x.Batch, x.Heads, x.Queries], Device.Reference));
        return Samples.Read(output).Zip(gradient, (a, b) => a * b).Sum();
    }

    [Theory, MemberData(nameof(LayerGoldenTests.AttentionCases), MemberType = typeof(LayerGoldenTests))]
    public void AttentionBackward_MatchesPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("attention", name);
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Tensor[] inputs = [.. new[] { "q", "k", "v" }.Select(input => golden.Input(input, device).Transpose(1, 2).Contiguous())];
            int batch = inputs[0].Shape[0], queries = inputs[0].Shape[1], keys = inputs[1].Shape[1];
            int[] limits = [.. Enumerable.Range(0, batch * queries).Select(r => golden.Flag("causal") ? r % queries + keys - queries : keys - 1)];
            int[] padding = golden.Integers("key_padding") ?? [];
            int[] firsts = padding.Length == 0 ? [] : [.. limits.Select((_, r) => Array.IndexOf(padding[(r / queries * keys)..((r / queries + 1) * keys)], 1))];
            AttentionOptions options = new((float)golden.Number("scale")!.Value, (float)(golden.Number("softcap") ?? 0), (int)(golden.Number("window") ?? 0));
            HeadRange q = new(inputs[0]), k = new(inputs[1]), v = new(inputs[2]);
            Tensor output = Tensor.Zeros(inputs[0].Shape.WithLast(v.Dim), device), sums = Tensor.Zeros(new Shape(batch, q.Count, queries), device);
            output.Backend.Attention(q, k, v, limits, firsts, options, default, output, sums);
            Tensor[] got = [.. inputs.Select(input => Tensor.Zeros(input.Shape, device))];
            output.Backend.AttentionBackward(q, k, v, output, golden.Upstream(device).Transpose(1, 2).Contiguous(), sums, limits, firsts, options, default,
                new(got[0]), new(got[1]), new(got[2]));
            // Goldens are double results rounded to float; in float32 sums of some twenty terms of sizes up to 10 stay within the larger one.
            double tolerance = ReferenceEquals(device, Device.Cpu) ? 5e-6 : 5e-7;
            for (int i = 0; i < 3; i++) Samples.ShouldMatch(got[i].Transpose(1, 2), golden.Gradient("qkv"[i].ToString(), device), tolerance, tolerance);
        }
    }
}
