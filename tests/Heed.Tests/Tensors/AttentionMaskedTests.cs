using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>Public masks in fused attention: every kind beside the same mask written out as a bias of −∞.</summary>
public sealed class AttentionMaskedTests
{
    private const int Batch = 2, Heads = 2, Queries = 70, Keys = 130;

    public static TheoryData<string> Kinds => ["all", "causal", "window", "centred", "dilated", "global", "prefix", "blocks", "predicate", "dense", "both"];

    private static AttentionMask MaskOf(string kind) => kind switch
    {
        "all" => AttentionMask.All,
        "causal" => AttentionMask.Causal,
        "window" => AttentionMask.SlidingWindow(9),
        "centred" => AttentionMask.CenteredWindow(7),
        "dilated" => AttentionMask.CenteredWindow(7, 3),
        "global" => AttentionMask.CenteredWindow(5) | AttentionMask.GlobalTokens(0, 66),
        "prefix" => AttentionMask.Prefix(65),
        "blocks" => AttentionMask.BlockSparse(16),
        "predicate" => AttentionMask.Predicate((b, h, i, j) => (i + b + 3 * j + h) % 4 != 0),
        "dense" => AttentionMask.Dense(Enumerable.Range(0, Heads * Queries * Keys).Select(i => i * 7919 % 11 < 4).ToArray(), new Shape(1, Heads, Queries, Keys)),
        _ => AttentionMask.Causal & AttentionMask.BlockSparse(8, causal: true),
    };

    [Theory, MemberData(nameof(Kinds))]
    public void Attention_EveryMask_EqualsABiasOfMinusInfinity(string kind)
    {
        AttentionMask mask = MaskOf(kind);
        Tensor bias = Tensor.Zeros(new Shape(Batch, Heads, Queries, Keys));
        for (int b = 0; b < Batch; b++)
            for (int h = 0; h < Heads; h++)
            {
                bool[,] seen = mask.ToMatrix(Queries, Keys, b, h);
                for (int i = 0; i < Queries * Keys; i++)
                    if (!seen[i / Keys, i % Keys]) bias.AsSpan()[(b * Heads + h) * Queries * Keys + i] = float.NegativeInfinity;
            }
        Tensor[] masked = Run(new AttentionScores { Mask = mask, SoftCap = 2, TopK = 9 }), biased = Run(new AttentionScores { Bias = bias, SoftCap = 2, TopK = 9 });
        for (int i = 0; i < masked.Length; i++) Samples.ShouldMatch(masked[i], biased[i], 2e-5, 2e-5);
    }

    private static Tensor[] Run(AttentionScores scores)
    {
        Tensor[] inputs = [Samples.Make(1, [Batch, Queries, Heads, 8], Device.Cpu), Samples.Make(2, [Batch, Keys, 1, 8], Device.Cpu), Samples.Make(3, [Batch, Keys, 1, 5], Device.Cpu)];
        foreach (Tensor input in inputs) input.RequiresGradient = true;
        using GradientTape tape = new();
        Tensor output = Ops.Attention(inputs[0], inputs[1], inputs[2], scores);
        tape.Backward(output, Samples.Make(4, [Batch, Queries, Heads, 5], Device.Cpu));
        return [output, .. inputs.Select(input => input.Gradient!)];
    }
}
