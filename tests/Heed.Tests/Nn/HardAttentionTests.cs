using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Nn;

/// <summary>The hard attention layer.</summary>
public sealed class HardAttentionTests
{
    private const int Hidden = 6;

    [Fact]
    public void Forward_AfterAChange_KeepsTheBitsOfWhatCameBefore()
    {
        HardAttention layer = Layer();
        Tensor x = Samples.Make(1, [2, 9, Hidden], Device.Cpu);
        int[] before = Samples.Bits(layer.Forward(x));
        for (int b = 0; b < 2; b++) x.AsSpan()[(b * 9 + 6) * Hidden] += 3;
        int[] after = Samples.Bits(layer.Forward(x));
        for (int b = 0; b < 2; b++) after.AsSpan(b * 9 * Hidden, 6 * Hidden).SequenceEqual(before.AsSpan(b * 9 * Hidden, 6 * Hidden)).ShouldBeTrue();
        after.ShouldNotBe(before);
    }

    [Fact]
    public void Sample_SameSeed_GivesTheSameBits_AndForwardTheMostProbable()
    {
        HardAttention layer = Layer();
        Tensor x = Samples.Make(1, [2, 9, Hidden], Device.Cpu);
        HardAttentionResult one = layer.Sample(x, 1);
        Samples.Bits(layer.Sample(x, 1).Output).ShouldBe(Samples.Bits(one.Output));
        layer.Sample(x, 2).Choices.ShouldNotBe(one.Choices);
        one.Output.Shape.ShouldBe(x.Shape);
        one.LogProbability.Shape.ShouldBe(new Shape(2, 2, 9));
        layer.Forward(x).Shape.ShouldBe(x.Shape);
        layer.Forward(Tensor.Zeros(new Shape(0, 3, Hidden))).Shape.ShouldBe(new Shape(0, 3, Hidden));
        layer.Parameters("m").Count().ShouldBe(2);
    }

    private static HardAttention Layer() => new(new DenseLinear(Samples.Make(2, Layout.Contiguous, [3 * Hidden, Hidden], Device.Cpu, -1, 1)),
        new DenseLinear(Samples.Make(3, Layout.Contiguous, [Hidden, Hidden], Device.Cpu, -1, 1)), heads: 2, causal: true);
}
