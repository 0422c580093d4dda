using Heed.Models;
using Heed.Models.Adapters;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Nn;
using Heed.Tensors;
using static Heed.Tests.Models.SlicedLayers;

namespace Heed.Tests.Models;

public class WeightSliceTests
{
    private static readonly ModelConfig s_config = new()
    {
        HiddenSize = 64,
        IntermediateSize = 128,
        NumLayers = 2,
        NumHeads = 4,
        NumKvHeads = 2,
        VocabSize = 37,
        MaxSeqLen = 32,
        QkvBias = true,
    };

    private static readonly ModelConfig s_mamba = s_config with { Mixer = MixerKind.Mamba, NumKvHeads = 4, QkvBias = false, Positions = PositionKind.None };

    [Theory, CombinatorialCuts]
    public void RandomWeights_Slices_HaveTheWholesNumbers(LayerCut cut, int share, int shares)
    {
        foreach (ModelConfig config in (ModelConfig[])[s_config, s_mamba, s_config with { Norm = NormKind.Batch }])
        {
            ShouldBeOfTheWhole(config, new RandomWeights(7, 2), new RandomWeights(7, 2), cut, share, shares);
            ShouldBeOfTheWhole(config, new RandomWeights(7, 2, Device.Reference), new RandomWeights(7, 2, Device.Reference), cut, share, shares);
        }
    }

    [Theory, CombinatorialCuts]
    public void ModelWeights_Slices_AreCopiesOfTheModelsOwn(LayerCut cut, int share, int shares)
    {
        foreach (ModelConfig config in (ModelConfig[])[s_config, s_mamba])
        {
            Transformer model = new(config, new RandomWeights(7, 2));
            ShouldBeOfTheWhole(config, new ModelWeights(model), new ModelWeights(model), cut, share, shares);
        }
    }

    [Theory, CombinatorialCuts]
    public void AffineWeightSource_Slices_HaveTheWholesScales(LayerCut cut, int share, int shares)
    {
        foreach (AffineScheme scheme in (AffineScheme[])[AffineScheme.PerTensor, AffineScheme.PerChannel, AffineScheme.PerGroup(32), AffineScheme.PerGroup(64)])
        {
            // Columns of 64 in halves: groups of 64 are cut in two.
            using AffineWeightSource whole = new(new ModelWeights(new Transformer(s_config, new RandomWeights(7, 2))), scheme);
            using AffineWeightSource sliced = new(new ModelWeights(new Transformer(s_config, new RandomWeights(7, 2))), scheme);
            ShouldBeOfTheWhole(s_config, whole, sliced, cut, Math.Min(share, 1), 2);
        }
    }

    [Fact]
    public void AffineWeightSource_ColumnsInsideABlock_AreRefused()
    {
        using AffineWeightSource weights = new(new RandomWeights(1), AffineScheme.PerTensor);
        string message = Should.Throw<ArgumentException>(() => weights.Linear("down", 64, 8, slice: new MatrixSlice([(0, 8)], 16, 32))).Message;
        foreach (string part in (string[])["'down'", "columns 16 to 47", "block of 32"]) message.ShouldContain(part);
    }

    [Fact]
    public void SyntheticWeights_Slices_HaveTheirSizesAndTypes()
    {
        QuantizationRecipe.TryFind("q4_k_m", out QuantizationRecipe? recipe).ShouldBeTrue();
        ModelConfig config = s_config with { HiddenSize = 512, IntermediateSize = 1024, NumLayers = 8, QkvBias = false };
        using SyntheticWeights weights = new(config, recipe!);
        IWeightSource block = weights.Scope(WeightNames.Blocks).Scope("0");
        // Queries and keys of one type, values of another: half of all of them, then of values alone.
        Linear qkv = block.Linear(WeightNames.Qkv, 512, 1024, slice: new MatrixSlice([(0, 256), (512, 128), (768, 128)]));
        ((StackedWeights)((FrozenLinear)qkv).Weights).Parts.ToArray().Select(part => part.Rows).ShouldBe([384, 128]);
        block.Linear(WeightNames.Qkv, 512, 1024, slice: new MatrixSlice([(800, 100)])).OutFeatures.ShouldBe(100);
        block.Linear(WeightNames.Down, 1024, 512, slice: new MatrixSlice([(0, 512)], 512, 512)).InFeatures.ShouldBe(512);
        weights.Embedding(WeightNames.Embedding, 37, 512, new MatrixSlice([(19, 18)])).Count.ShouldBe(18);
        Should.Throw<ArgumentException>(() => block.Linear(WeightNames.Down, 1024, 512, slice: new MatrixSlice([(0, 512)], 0, 100))).Message.ShouldContain("100 columns");
    }

    [Fact]
    public void LoraWeights_SliceOfALayerWithAdapters_IsRefused()
    {
        LoraWeights weights = new(new RandomWeights(1), s_config, new LoraConfig { Rank = 2, Targets = ["q_proj"] });
        IWeightSource block = weights.Scope(WeightNames.Blocks).Scope("0");
        Should.Throw<NotSupportedException>(() => block.Linear(WeightNames.Qkv, 64, 128, true, new MatrixSlice([(0, 64)]))).Message.ShouldContain("merge");
        block.Linear(WeightNames.Down, 128, 64, false, new MatrixSlice([(0, 64)], 64)).InFeatures.ShouldBe(64);
    }

    [Theory]
    [InlineData(0, 0, 0, 0, "at least one row"), InlineData(-1, 2, 0, 0, "2 rows from -1"), InlineData(36, 2, 0, 0, "2 rows from 36"), InlineData(int.MaxValue, 2, 0, 0, "rows from")]
    [InlineData(0, 37, 64, 0, "0 columns from 64"), InlineData(0, 37, 60, 5, "5 columns from 60"), InlineData(0, 37, -1, 5, "5 columns from -1"), InlineData(0, 37, 0, -3, "-3 columns")]
    public void Slice_OutsideTheMatrixOrEmpty_IsRefused(int first, int count, int column, int columns, string expected)
    {
        MatrixSlice slice = new([(0, 1), (first, count)], column, columns);
        Transformer model = new(s_config with { NumLayers = 1 }, new RandomWeights(1));
        foreach (IWeightSource source in (IWeightSource[])[new RandomWeights(1), new ModelWeights(model)])
        {
            string message = Should.Throw<ArgumentException>(() => source.Embedding(WeightNames.Embedding, 37, 64, slice)).Message;
            message.ShouldContain(expected);
            message.ShouldContain("[37, 64]");
        }
        Should.Throw<ArgumentException>(() => new MatrixSlice([]).Within("x", 1, 1)).Message.ShouldContain("no range");
    }

    /// <summary>All ways to cut, into halves and thirds.</summary>
    private sealed class CombinatorialCutsAttribute : Xunit.Sdk.DataAttribute
    {
        public override IEnumerable<object[]> GetData(System.Reflection.MethodInfo testMethod) =>
            from cut in Enum.GetValues<LayerCut>() from place in ((int, int)[])[(0, 2), (1, 2), (2, 4)] select (object[])[cut, place.Item1, place.Item2];
    }
}
