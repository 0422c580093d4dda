using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Tests.Training;

/// <summary>The errata of the documents about training; each test names its row.</summary>
public sealed class TrainingErrataTests
{
    [Fact]
    public void D3_Row27_ResidualProjections_AreScaledByDepthAndTheUpProjectionIsNot()
    {
        ModelConfig config = TinyRun.Config with { HiddenSize = 128, IntermediateSize = 256, NumLayers = 8, NumHeads = 4, NumKvHeads = 4 };
        Transformer model = TinyRun.Model(config);
        double scaled = 0.02 / Math.Sqrt(2 * 8);
        foreach (TransformerBlock block in model.Blocks)
        {
            // 32768 numbers: the deviation's own error is 0.4 %, and 5 % would be twelve of those.
            Deviation(block.FeedForward.Down).ShouldBe(scaled, 0.05 * scaled);
            Deviation(block.Attention.Output).ShouldBe(scaled, 0.05 * scaled);
            Deviation(block.FeedForward.Up).ShouldBe(0.02, 0.05 * 0.02);
            Deviation(block.Attention.Qkv).ShouldBe(0.02, 0.05 * 0.02);
        }
    }

    [Fact]
    public void D3_Row28_TiedWeights_GetTheSumOfBothGradients()
    {
        Transformer tied = TinyRun.Model(TinyRun.Config with { TieEmbeddings = true }), untied = TinyRun.Model();
        foreach (Parameter parameter in untied.Parameters)
        {
            // The untied model's output layer gets the table's values; everything else has the same name.
            string name = parameter.Name.StartsWith("output", StringComparison.Ordinal) ? tied.Parameters[0].Name : parameter.Name;
            parameter.Value.Assign(tied.Parameters.Single(other => other.Name == name).Value);
        }
        Dictionary<string, float[]> one = Gradients(tied), two = Gradients(untied);
        float[] table = two[untied.Parameters[0].Name], output = two[untied.Parameters[^1].Name], sum = one[tied.Parameters[0].Name];
        output.Length.ShouldBe(table.Length);
        for (int i = 0; i < sum.Length; i++) sum[i].ShouldBe(table[i] + output[i], 1e-6f);
        table.ShouldContain(value => value != 0);
        output.ShouldContain(value => value != 0);
    }

    [Fact]
    public void D5_Row29_Mfu_TakesThePeakAsAnArgumentAndTheActualLength()
    {
        // 7e9 parameters, 32 layers of 32 heads of 128, 1024 tokens; 16 × 1024 tokens in 4 s on 312 Tflop/s, by hand.
        double perToken = MfuEstimate.FlopsPerToken(7_000_000_000, 32, 32, 128, 1024);
        perToken.ShouldBe(43_610_612_736.0);
        MfuEstimate.Of(perToken, 16 * 1024 / 4.0, 312e12).ShouldBe(43_610_612_736.0 * 4096 / 312e12, 1e-15);
        ModelConfig config = TinyRun.Config;
        MfuEstimate.FlopsPerToken(config, 8).ShouldBe(6.0 * config.ParameterCount() + 12 * 2 * 2 * 8 * 8);
        MfuEstimate.FlopsPerToken(config, 16).ShouldBeGreaterThan(MfuEstimate.FlopsPerToken(config, 8));
        Should.Throw<ArgumentOutOfRangeException>(() => MfuEstimate.Of(1, 1, 0));
    }

    [Fact]
    public void D5_Mfu_FrozenWeightsTakeFourOperationsAndTrainedOnesSix()
    {
        ModelConfig config = TinyRun.Config;
        Transformer model = TinyRun.Model();
        long all = config.ParameterCount();
        double attention = 12 * 2 * 2 * 8 * 8;
        MfuEstimate.FlopsPerToken(config, 8, model.Parameters).ShouldBe(6.0 * all + attention);
        // Alone trained: 16 × 24 numbers of the first block's lower matrix.
        Parameter down = model.Parameters.Single(parameter => parameter.Name == "blocks.0.feed_forward.down.weight");
        MfuEstimate.FlopsPerToken(config, 8, [down]).ShouldBe(4.0 * (all - 384) + 6.0 * 384 + attention);
        // An adapter comes on top: nothing of the model itself is trained.
        MfuEstimate.FlopsPerToken(config, 8, [down with { IsAdapter = true }]).ShouldBe(4.0 * all + 6.0 * 384 + attention);
        // A table of positions is looked up, not multiplied.
        ModelConfig learned = config with { Positions = PositionKind.Learned };
        MfuEstimate.FlopsPerToken(learned, 8, TinyRun.Model(learned).Parameters).ShouldBe(6.0 * all + attention);
    }

    [Fact]
    public void D5_Mfu_CountsThePairsOfPatternsAndTheSizeOfValues()
    {
        ModelConfig config = TinyRun.Config, longformer = config with { AttentionPattern = AttentionPatternKind.Longformer, LongformerWindow = 2 };
        ModelConfig bigbird = config with { AttentionPattern = AttentionPatternKind.BigBird, BigBirdBlock = 2, BigBirdWindow = 1, BigBirdGlobal = 1, BigBirdRandom = 0 };
        double pair = 12.0 * config.NumLayers * config.HiddenSize;
        static double Mixing(ModelConfig c) => MfuEstimate.FlopsPerToken(c, 8) - 6.0 * c.ParameterCount();
        // By hand: of 8 queries the first sees itself, the second two, the third three, the others three and the global one.
        Mixing(longformer).ShouldBe(pair * (1 + 2 + 3 + 5 * 4) / 8, 1e-6);
        Mixing(longformer with { GlobalsShared = true }).ShouldBe(pair * 26 / 8, 1e-6);
        Mixing(longformer with { Bidirectional = true }).ShouldBe(pair * (8 + 4 + 5 + 6 + 6 + 6 + 5 + 4) / 8, 1e-6);
        Mixing(bigbird).ShouldBe(pair * (1 + 2 + 3 + 4 + 3 + 4 + 3 + 4) / 8, 1e-6);
        Mixing(bigbird with { Bidirectional = true }).ShouldBe(pair * (8 + 8 + 6 * 4) / 8, 1e-6);
        // Layers draw other blocks, but as many of them.
        Mixing(bigbird with { Bidirectional = true, BigBirdRandom = 1 }).ShouldBe(pair * (8 + 8 + 6 * 6) / 8, 1e-6);
        Mixing(config with { ValueHeadDim = 24 }).ShouldBe(6.0 * config.NumLayers * config.NumHeads * (8 + 24) * 8, 1e-6);
    }

    [Fact]
    public void D5_Mfu_CountsAnEncoderAndTheLooksAtIt()
    {
        ModelConfig config = TinyRun.Config.WithEncoder(3);
        static double Mixing(ModelConfig c) => MfuEstimate.FlopsPerToken(c, 8) - 6.0 * c.ParameterCount();
        Mixing(config).ShouldBe(12.0 * 16 * 8 * (2 + 2 + 3), 1e-6);
        Mixing(config with { Encoder = config.Encoder! with { MaxSeqLen = 4 } }).ShouldBe(12.0 * 16 * (2 * 8 + 2 * 4 + 3 * 4 * 4 / 8.0), 1e-6);
        // Tables of positions are looked up in both halves, and found by their names.
        ModelConfig learned = (TinyRun.Config with { Positions = PositionKind.Learned }).WithEncoder(3);
        Mixing(learned).ShouldBe(Mixing(config) - 6.0 * 2 * 16 * 16, 1e-6);
        MfuEstimate.FlopsPerToken(learned, 8, TinyRun.Model(learned).Parameters).ShouldBe(MfuEstimate.FlopsPerToken(learned, 8), 1e-6);
    }

    [Fact]
    public void D5_Mfu_CountsTheKeysOfAWindowAndTheSumsOfOtherMixers()
    {
        ModelConfig config = TinyRun.Config;
        int layers = config.NumLayers, hidden = config.HiddenSize, context = config.MaxSeqLen;
        double Mixing(ModelConfig c, long tables, int seqLen = 8) => MfuEstimate.FlopsPerToken(c, seqLen) - 6.0 * (c.ParameterCount() - tables);
        Mixing(config with { Window = 3 }, 0).ShouldBe(12.0 * layers * hidden * 3);
        Mixing(config with { Window = 3, WindowFrom = 1 }, 0).ShouldBe(12.0 * hidden * (8 + 3 * (layers - 1)));
        Mixing(config with { Window = 3, Bidirectional = true }, 0).ShouldBe(12.0 * layers * hidden * 7);
        Mixing(config with { Window = 30 }, 0).ShouldBe(12.0 * layers * hidden * 8);
        ModelConfig Other(MixerKind kind) => config with { Mixer = kind, NumKvHeads = null, Positions = PositionKind.None, AftFactorSize = 4, AftWindow = 3, LinformerSize = 5, Bidirectional = kind == MixerKind.Linformer };
        Mixing(Other(MixerKind.AftSimple), 0).ShouldBe(12.0 * layers * hidden);
        Mixing(Other(MixerKind.AftFull), layers * 8L * context).ShouldBe(layers * (12.0 * hidden * 8 + 6 * 4 * 8));
        Mixing(Other(MixerKind.AftFull) with { AftFactorSize = 0 }, (long)layers * context * context).ShouldBe(12.0 * layers * hidden * 8);
        Mixing(Other(MixerKind.AftLocal), layers * 5L * context).ShouldBe(12.0 * layers * hidden * 4);
        Mixing(Other(MixerKind.Linformer), layers * 10L * context).ShouldBe(24.0 * layers * hidden * 5);
        Mixing(Other(MixerKind.Mamba), layers * 2L * hidden * 16, seqLen: 100).ShouldBe(24.0 * layers * 2 * hidden * 16);
        Mixing(Other(MixerKind.Hard), 0).ShouldBe(12.0 * layers * hidden * 8);
        // From all trained parameters comes the same: the tables are found by their names.
        foreach (MixerKind kind in new[] { MixerKind.AftFull, MixerKind.AftLocal, MixerKind.Linformer, MixerKind.Mamba })
            MfuEstimate.FlopsPerToken(Other(kind), 8, TinyRun.Model(Other(kind)).Parameters).ShouldBe(MfuEstimate.FlopsPerToken(Other(kind), 8), kind.ToString());
    }

    [Fact]
    public void Row30_UntrainedModel_LosesTheLogarithmOfTheVocabulary()
    {
        EvaluationResult result = Evaluation.Measure(TinyRun.Model(), new TinyRun.Batches(8), 4);
        result.Loss.ShouldBe(Math.Log(13), 0.02);
        result.Perplexity.ShouldBe(Math.Exp(result.Loss));
        result.BitsPerByte(2 * result.Targets).ShouldBe(result.Loss / Math.Log(2) / 2, 1e-12);
    }

    private static double Deviation(Linear layer) => Math.Sqrt(((DenseLinear)layer).Weight.ToArray().Average(value => (double)value * value));

    private static Dictionary<string, float[]> Gradients(Transformer model)
    {
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
        TrainingBatch batch = new TinyRun.Batches(3).Next(0);
        using GradientTape tape = new();
        tape.Backward(model.Loss(batch.Tokens, batch.Targets, batch.Batch));
        return model.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value.Gradient!.ToArray());
    }
}
