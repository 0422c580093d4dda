using Heed.Tensors;

namespace Heed.Tests.Tensors;

public sealed class GradientTapeTests
{
    [Fact]
    public void Backward_TwoTapes_AddUpUntilCleared()
    {
        Tensor w = Leaf(2, 3);
        for (int i = 0; i < 2; i++)
        {
            using GradientTape tape = new();
            tape.Backward((w * w).Sum());
        }
        w.Gradient!.ToArray().ShouldBe([8, 12]);
        w.ClearGradient();
        w.Gradient.ShouldBeNull();
        using GradientTape last = new();
        last.Backward(w.Sum());
        w.Gradient!.ToArray().ShouldBe([1, 1]);
    }

    [Fact]
    public void NoGrad_Inside_RecordsNothing()
    {
        Tensor w = Leaf(2, 3);
        using GradientTape tape = new();
        Tensor hidden;
        using (GradientTape.NoGrad()) hidden = w * 3;
        GradientTape.IsRecording.ShouldBeTrue();
        tape.Count.ShouldBe(0);
        tape.Backward((hidden * w).Sum());
        w.Gradient!.ToArray().ShouldBe([6, 9]);
    }

    [Fact]
    public void WithoutTape_Operations_AreNotWatched()
    {
        Tensor w = Leaf(2, 3), y = w * 2;
        using GradientTape tape = new();
        Should.Throw<InvalidOperationException>(() => tape.Backward(y.Sum())).Message.ShouldContain("does not depend on a tensor that requires a gradient");
    }

    [Fact]
    public void Backward_AfterWriteToSavedTensor_IsAnError()
    {
        Tensor w = Leaf(2, 3), x = Tensor.From(5, 7);
        using GradientTape tape = new();
        Tensor loss = (w * x).Sum();
        Ops.ScaleInPlace(x, 2);
        Should.Throw<InvalidOperationException>(() => tape.Backward(loss)).Message.ShouldContain("overwritten in place");
        w.Gradient.ShouldBeNull();
    }

    [Fact]
    public void InPlace_OnRecordedTensor_IsAnError()
    {
        Tensor w = Leaf(2, 3);
        using GradientTape tape = new();
        Tensor y = w * 2;
        Should.Throw<InvalidOperationException>(() => Ops.AddInPlace(y, w)).Message.ShouldContain("being recorded");
        Should.Throw<InvalidOperationException>(() => y.Assign(w));
        Should.Throw<InvalidOperationException>(() => Ops.SoftCapInPlace(y, 1));
        Tensor plain = Tensor.From(1, 1);
        Should.Throw<InvalidOperationException>(() => plain.Assign(w));
        using (GradientTape.NoGrad()) w.Assign(plain);
        w.ToArray().ShouldBe([1, 1]);
    }

    [Fact]
    public void Backward_Twice_IsAnError()
    {
        Tensor w = Leaf(2);
        using GradientTape tape = new();
        Tensor loss = w.Sum();
        tape.Backward(loss);
        Should.Throw<InvalidOperationException>(() => tape.Backward(loss)).Message.ShouldContain("run back already");
    }

    [Fact]
    public void Backward_NotAScalar_NeedsAGradient()
    {
        Tensor w = Leaf(2, 3);
        using GradientTape tape = new();
        Tensor y = w * 2;
        Should.Throw<ArgumentException>(() => tape.Backward(y));
        tape.Backward(y, Tensor.From(1, 10));
        w.Gradient!.ToArray().ShouldBe([2, 20]);
    }

    [Fact]
    public void RequiresGradient_OnComputedTensor_IsAnError()
    {
        Tensor w = Leaf(2);
        using GradientTape tape = new();
        Tensor y = w * 2;
        Should.Throw<InvalidOperationException>(() => y.RequiresGradient = true);
    }

    [Fact]
    public void Scope_ManySteps_GivesAllMemoryBack()
    {
        Tensor w = GradientCheck.Random(new Random(1), new Shape(32, 32));
        w.RequiresGradient = true;
        using TensorScope scope = new();
        long afterFirst = 0;
        for (int step = 0; step < 20; step++)
        {
            using TensorScope.Lease lease = scope.Enter();
            using GradientTape tape = new();
            Tensor x = w;
            for (int i = 0; i < 5; i++)
            {
                using TensorScope.Lease block = TensorScope.Begin();
                x = block.Return(x.MatMul(w).Tanh() + x);
            }
            tape.Backward(x.Sum());
            if (step == 0) afterFirst = scope.ReservedBytes;
        }
        scope.ReservedBytes.ShouldBe(afterFirst);
    }

    [Fact]
    public void Recompute_KeepsLessAndGivesTheSameBits()
    {
        Tensor w = GradientCheck.Random(new Random(1), new Shape(64, 64)), start = GradientCheck.Random(new Random(2), new Shape(64, 64));
        (float[] plain, long plainBytes) = Run(recompute: false);
        (float[] again, long lessBytes) = Run(recompute: true);
        again.ShouldBe(plain);
        lessBytes.ShouldBeLessThan(plainBytes);

        (float[], long) Run(bool recompute)
        {
            w.RequiresGradient = false;
            w.RequiresGradient = true;
            using TensorScope scope = new();
            using TensorScope.Lease lease = scope.Enter();
            using GradientTape tape = new();
            Tensor x = start;
            for (int i = 0; i < 6; i++) x = recompute ? Ops.Recompute(x, Block) : Block(x);
            tape.Backward(x.Sum());
            return (w.Gradient!.ToArray(), scope.ReservedBytes);
        }

        Tensor Block(Tensor x)
        {
            using TensorScope.Lease lease = TensorScope.Begin();
            return lease.Return(x.MatMul(w).Tanh().MatMul(w).Sin().MatMul(w).Tanh());
        }
    }

    [Fact]
    public void Backward_OfAnotherTape_IsAnError()
    {
        Tensor w = Leaf(2);
        using GradientTape first = new();
        Tensor loss = (w * 3).Sum();
        using GradientTape second = new();
        Should.Throw<InvalidOperationException>(() => second.Backward(loss)).Message.ShouldContain("not computed under this tape");
    }

    [Fact]
    public void Backward_ThroughATapeThatHasEnded_IsAnError()
    {
        Tensor w = Leaf(2), y;
        using (GradientTape ended = new()) y = w * 3;
        using GradientTape tape = new();
        Should.Throw<InvalidOperationException>(() => tape.Backward((y * w).Sum())).Message.ShouldContain("a tape that has ended");
    }

    [Fact]
    public void Recompute_OfWhatItWasGiven_LeavesTheLeafAlone()
    {
        Tensor w = Leaf(2, 3);
        using GradientTape tape = new();
        Tensor same = Ops.Recompute(w, x => x);
        w.RequiresGradient.ShouldBeTrue();
        tape.Backward((same * w).Sum() + Ops.Recompute(w, x => x.Reshape(2, 1)).Sum());
        w.Gradient!.ToArray().ShouldBe([5, 7]);
    }

    [Fact]
    public void Dispose_InAnyOrder_LeavesNoTapeBehind()
    {
        GradientTape outer = new(), inner = new();
        outer.Dispose();
        inner.Dispose();
        GradientTape.IsRecording.ShouldBeFalse();
        GradientTape paused = new();
        using (GradientTape.NoGrad()) paused.Dispose();
        GradientTape.IsRecording.ShouldBeFalse();
    }

    private static Tensor Leaf(params float[] values)
    {
        Tensor w = Tensor.From(values);
        w.RequiresGradient = true;
        return w;
    }
}
