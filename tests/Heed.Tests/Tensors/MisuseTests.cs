using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>Calls that once crashed or gave wrong numbers: strided arguments, shared memory, other devices, odd sizes.</summary>
public sealed class MisuseTests
{
    [Fact]
    public void Norms_StridedWeights_AreReadWhereTheyLie()
    {
        Tensor x = Tensor.Ones(Shape.Of(1, 3)), weight = Tensor.From(1, 100, 2, 100, 3, 100).Every(0, 2);
        Ops.RmsNorm(x, weight, 0).ToArray().ShouldBe([1, 2, 3]);
        Ops.LayerNorm(x, weight, weight, 1).ToArray().ShouldBe([1, 2, 3]);
    }

    [Fact]
    public void Gather_TransposedTable_PicksItsRows() =>
        Ops.Gather(Tensor.From([1, 2, 3, 4, 5, 6], Shape.Of(2, 3)).Transpose(0, 1), [0, 1, 2]).ToArray().ShouldBe([1, 4, 2, 5, 3, 6]);

    [Fact]
    public void Operands_OnAnotherDevice_AreRefused()
    {
        Tensor x = Tensor.Ones(Shape.Of(1, 3)), weight = Tensor.Ones(new Shape(3)), far = weight.To(Device.Reference);
        Should.Throw<ArgumentException>(() => Ops.LayerNorm(x, weight, far, 0)).Message.ShouldContain("reference");
        Should.Throw<ArgumentException>(() => Ops.Linear(x, Tensor.Ones(Shape.Of(3, 3)), far)).Message.ShouldContain("reference");
    }

    [Fact]
    public void Assign_ItsOwnTranspose_Transposes()
    {
        Tensor x = Tensor.From([1, 2, 3, 4], Shape.Of(2, 2));
        x.Assign(x.Transpose(0, 1));
        x.ToArray().ShouldBe([1, 3, 2, 4]);
        Tensor y = Tensor.From(1, 2, 3, 4, 5);
        Ops.AddInPlace(y.Slice(0, 1, 4), y.Slice(0, 0, 4));
        y.ToArray().ShouldBe([1, 3, 5, 7, 9]);
    }

    [Fact]
    public void InPlace_ElementsThatShareMemory_AreRefused()
    {
        Tensor x = Tensor.From(1, 2, 3, 4, 5);
        Should.Throw<ArgumentException>(() => Ops.ScaleInPlace(x.Unfold(0, 3, 1), 2)).Message.ShouldContain("share memory");
        Should.Throw<ArgumentException>(() => Tensor.Ones(new Shape(1)).BroadcastTo(new Shape(4)).Assign(Tensor.Ones(new Shape(4)))).Message.ShouldContain("share memory");
    }

    [Fact]
    public void Reshape_MillionsOfAxes_IsAnErrorNotACrash() =>
        Should.Throw<ArgumentException>(() => Tensor.Ones(new Shape(4)).Reshape(new int[3_000_000]));

    [Fact]
    public void Every_HugeStep_KeepsTheFirst() => Tensor.From(1, 2, 3).Every(0, int.MaxValue).ToArray().ShouldBe([1]);

    [Fact]
    public void Linear_NoInputs_GivesTheBias() =>
        Ops.Linear(Tensor.Ones(Shape.Of(2, 0)), Tensor.Ones(Shape.Of(3, 0)), Tensor.From(1, 2, 3)).ToArray().ShouldBe([1, 2, 3, 1, 2, 3]);

    [Fact]
    public void CreateCpu_AbsurdThreads_IsRefused() => Should.Throw<ArgumentOutOfRangeException>(() => Device.CreateCpu(1_000_000));

    [Fact]
    public void Temporaries_UnderCollection_KeepTheirNumbers()
    {
        using CancellationTokenSource done = new(TimeSpan.FromSeconds(2));
        Thread collector = new(() =>
        {
            while (!done.IsCancellationRequested)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        while (!done.IsCancellationRequested)
        {
            Ops.Softmax(Tensor.Full(Shape.Of(200, 1000), 1)).ToArray()[^1].ShouldBe(0.001f, 1e-6f);
            (Tensor.Full(Shape.Of(200, 1000), 2) * Tensor.Full(Shape.Of(200, 1000), 3)).ToArray()[77].ShouldBe(6);
        }
        collector.Join();
    }

    [Fact]
    public void Forward_CacheOfAnotherModel_IsRefused()
    {
        ModelConfig config = new() { HiddenSize = 16, IntermediateSize = 16, NumLayers = 1, NumHeads = 4, VocabSize = 10, MaxSeqLen = 32 };
        Transformer model = new(config, new RandomWeights(1)), other = new(config with { NumKvHeads = 2 }, new RandomWeights(1));
        using KvCache cache = other.CreateCache();
        Should.Throw<ArgumentException>(() => model.Forward([1], cache)).Message.ShouldContain("another model's");
    }

    [Fact]
    public void Forward_NothingButPadding_GivesFiniteLogits()
    {
        ModelConfig config = new() { HiddenSize = 16, IntermediateSize = 16, NumLayers = 1, NumHeads = 4, VocabSize = 10, MaxSeqLen = 32 };
        Transformer model = new(config, new RandomWeights(1));
        using KvCache cache = model.CreateCache();
        model.Forward([1, 2], cache, [-1, -1]).ToArray().ShouldAllBe(logit => float.IsFinite(logit));
        cache.Length().ShouldBe(0);
    }
}
