using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models.Checkpoints;

public class CheckpointWeightsTests
{
    [Fact]
    public void Weights_Float32_ArePackedAndUntiedTablesStayInTheFile()
    {
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel("llama").PathOf(""));
        Transformer model = GoldenModel.Build(checkpoint);
        Weights(model.Blocks[0].Attention.Qkv).ShouldBeOfType<PackedWeights>();
        Weights(model.Output).ShouldBeOfType<PackedWeights>();
        model.Embedding.ShouldBeOfType<FrozenEmbedding>().Table.ShouldBeOfType<BlockWeights>();
    }

    [Fact]
    public void Weights_Tied_ShareTheTable()
    {
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel("smollm").PathOf(""));
        Transformer model = GoldenModel.Build(checkpoint);
        Weights(model.Output).ShouldBeSameAs(model.Embedding.ShouldBeOfType<FrozenEmbedding>().Table);
        Weights(model.Output).ShouldBeOfType<PackedWeights>();
    }

    [Theory]
    [InlineData("llama-f16"), InlineData("llama-bf16-sharded")]
    public void Weights_HalfPrecision_KeepTheirBits(string family)
    {
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel(family).PathOf(""));
        HalfWeights fused = Weights(GoldenModel.Build(checkpoint).Blocks[0].Attention.Qkv).ShouldBeOfType<HalfWeights>();
        fused.ResidentBytes.ShouldBe((fused.Rows + 31) / 32 * 32L * fused.Columns * 2);
        StackedWeights mapped = Weights(GoldenModel.Build(checkpoint, exact: true).Blocks[0].Attention.Qkv).ShouldBeOfType<StackedWeights>();
        foreach (LinearWeights part in mapped.Parts) part.ShouldBeOfType<BlockWeights>();
        mapped.ResidentBytes.ShouldBe(0);
    }

    [Fact]
    public void Weights_HalfPrecision_EqualTheirFloat32Tensors()
    {
        GoldenModel golden = new("llama-f16");
        using Checkpoint checkpoint = Checkpoint.Open(golden.PathOf(""));
        float[] mapped = GoldenModel.Forward(GoldenModel.Build(checkpoint), golden.Prompt);
        using Checkpoint again = Checkpoint.Open(golden.PathOf(""));
        GoldenModel.Error(GoldenModel.Forward(GoldenModel.Build(again, dense: true), golden.Prompt), mapped).ShouldBeLessThan(1e-6);
    }

    [Fact]
    public void Weights_Dense_OutliveTheCheckpoint()
    {
        GoldenModel golden = new("gpt2");
        Transformer model;
        using (Checkpoint checkpoint = Checkpoint.Open(golden.PathOf(""))) model = GoldenModel.Build(checkpoint, dense: true);
        model.Output.ShouldBeOfType<DenseLinear>().Weight.ShouldBeSameAs(model.Embedding.ShouldBeOfType<DenseEmbedding>().Table);
        GoldenModel.Error(GoldenModel.Forward(model, golden.Prompt), golden.Logits()[0]).ShouldBeLessThan(1e-4);
    }

    [Theory]
    [InlineData("llama"), InlineData("gpt2"), InlineData("llama-f16")]
    public void Weights_Progress_RisesToOne(string family)
    {
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel(family).PathOf(""));
        Collected progress = new();
        _ = new Transformer(checkpoint.Config, checkpoint.Weights(progress: progress));
        progress.Values.ShouldAllBe(value => value > 0 && value <= 1);
        progress.Values.Max().ShouldBeGreaterThan(0.98);
        progress.Values.Min().ShouldBeLessThan(0.5);
    }

    [Fact]
    public void Weights_Cancelled_Throws()
    {
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel("llama").PathOf(""));
        using CancellationTokenSource source = new();
        source.Cancel();
        Should.Throw<OperationCanceledException>(() => new Transformer(checkpoint.Config, checkpoint.Weights(cancellation: source.Token)));
    }

    [Fact]
    public void Weights_AnotherConfiguration_IsRefused()
    {
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel("llama").PathOf(""));
        Should.Throw<ArgumentException>(() => new Transformer(checkpoint.Config with { NumKvHeads = 2 }, checkpoint.Weights()))
            .Message.ShouldContain("blocks.0.attention.qkv");
        Should.Throw<ArgumentException>(() => new Transformer(checkpoint.Config with { QkNorm = true }, checkpoint.Weights()));
        Should.Throw<ArgumentException>(() => new Transformer(checkpoint.Config with { QkvBias = true }, checkpoint.Weights()));
    }

    [Fact]
    public void Weights_Disposed_Throws()
    {
        Checkpoint checkpoint = Checkpoint.Open(new GoldenModel("llama").PathOf(""));
        checkpoint.Dispose();
        checkpoint.Dispose();
        Should.Throw<ObjectDisposedException>(() => checkpoint.Weights());
    }

    private static LinearWeights Weights(Linear layer) => layer.ShouldBeOfType<FrozenLinear>().Weights;

    private sealed class Collected : IProgress<double>
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<double> _values = new();

        public double[] Values => [.. _values];

        public void Report(double value) => _values.Enqueue(value);
    }
}
