using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Models.Adapters;

namespace Heed.Tests.Models;

/// <summary>Key and value heads pooled into fewer.</summary>
public sealed class GroupedHeadsTests
{
    private static readonly ModelConfig s_config = LoraModel.Small with { NumHeads = 4, NumKvHeads = 4, HeadDim = 8, QkNorm = true };

    [Fact]
    public void MeanPool_AsManyHeads_KeepsTheLogitsBitForBit()
    {
        Transformer model = Model(1);
        GoldenModel.Forward(GroupedHeads.MeanPool(model, 4), LoraModel.Tokens).ShouldBe(GoldenModel.Forward(model, LoraModel.Tokens));
    }

    [Theory]
    [InlineData(2), InlineData(1)]
    public void MeanPool_EqualHeadsInAGroup_KeepsTheLogits(int kvHeads)
    {
        Transformer model = Model(2);
        int group = 4 / kvHeads;
        foreach (TransformerBlock block in model.Blocks)
        {
            DenseLinear qkv = (DenseLinear)block.Attention.Qkv;
            Span<float> weight = qkv.Weight.AsSpan(), bias = qkv.Bias!.AsSpan();
            for (int head = 4; head < 12; head++)
            {
                int first = head / group * group;
                weight.Slice(first * 8 * 32, 8 * 32).CopyTo(weight[(head * 8 * 32)..]);
                bias.Slice(first * 8, 8).CopyTo(bias[(head * 8)..]);
            }
        }
        Transformer pooled = GroupedHeads.MeanPool(model, kvHeads);
        pooled.Config.KvHeads.ShouldBe(kvHeads);
        GoldenModel.Error(GoldenModel.Forward(pooled, LoraModel.Tokens), GoldenModel.Forward(model, LoraModel.Tokens)).ShouldBeLessThan(1e-5);
    }

    [Fact]
    public void MeanPool_Heads_AreTheMeansOfNeighbours()
    {
        Transformer model = Model(3), pooled = GroupedHeads.MeanPool(model, 2);
        float[] before = ((DenseLinear)model.Blocks[1].Attention.Qkv).Weight.ToArray(), after = ((DenseLinear)pooled.Blocks[1].Attention.Qkv).Weight.ToArray();
        after[..(4 * 8 * 32)].ShouldBe(before[..(4 * 8 * 32)]);
        const int head = 8 * 32;
        for (int i = 0; i < head; i++)
        {
            ((double)after[5 * head + i]).ShouldBe((before[6 * head + i] + before[7 * head + i]) / 2, 1e-7, "key head 1");
            ((double)after[6 * head + i]).ShouldBe((before[8 * head + i] + before[9 * head + i]) / 2, 1e-7, "value head 0");
        }
        ((DenseLinear)pooled.Blocks[0].Attention.Qkv).Bias!.ElementCount.ShouldBe(8 * 8);
        pooled.Parameters.Sum(parameter => (long)parameter.Value.ElementCount).ShouldBe(pooled.Config.ParameterCount());
    }

    [Fact]
    public void MeanPool_InTwoSteps_IsTheSameAsInOne()
    {
        Transformer model = Model(4);
        float[] once = GoldenModel.Forward(GroupedHeads.MeanPool(model, 1), LoraModel.Tokens);
        GoldenModel.Error(GoldenModel.Forward(GroupedHeads.MeanPool(GroupedHeads.MeanPool(model, 2), 1), LoraModel.Tokens), once).ShouldBeLessThan(1e-5);
    }

    [Theory]
    [InlineData(0), InlineData(3), InlineData(8), InlineData(-1)]
    public void MeanPool_NoDivisor_IsRefused(int kvHeads) =>
        Should.Throw<ArgumentException>(() => GroupedHeads.MeanPool(Model(1), kvHeads)).Message.ShouldContain("a divisor of the model's 4");

    private static Transformer Model(int seed) => LoraModel.Filled(new(s_config, new RandomWeights(seed, 2)), seed, 0.3);
}
