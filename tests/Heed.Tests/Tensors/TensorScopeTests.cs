using Heed.Tensors;

namespace Heed.Tests.Tensors;

public class TensorScopeTests
{
    [Fact]
    public void Lease_Ended_GivesMemoryBackForTheNextStep()
    {
        using TensorScope scope = new();
        long reserved = 0;
        for (int step = 0; step < 5; step++)
        {
            using TensorScope.Lease lease = scope.Enter();
            Tensor x = Tensor.Ones(new Shape(1000));
            for (int i = 0; i < 10; i++) x = x + 1;
            x.AsSpan()[999].ShouldBe(11);
            if (step == 0) reserved = scope.ReservedBytes;
            scope.ReservedBytes.ShouldBe(reserved);
        }
        reserved.ShouldBeGreaterThanOrEqualTo(11 * 4000);
        TensorScope.Current.ShouldBeNull();
    }

    [Fact]
    public void Tensor_AfterItsLease_ThrowsObjectDisposed()
    {
        using TensorScope scope = new();
        Tensor x, view;
        using (scope.Enter())
        {
            x = Tensor.Ones(new Shape(2, 2));
            view = x.Select(0, 1);
        }
        foreach (Tensor dead in new[] { x, view })
        {
            Should.Throw<ObjectDisposedException>(() => dead.ToArray());
            Should.Throw<ObjectDisposedException>(() => dead.AsSpan());
            Should.Throw<ObjectDisposedException>(() => dead.Device);
            Should.Throw<ObjectDisposedException>(() => dead + 1);
            Should.Throw<ObjectDisposedException>(() => Tensor.Ones(new Shape(2)) + dead);
            Should.Throw<ObjectDisposedException>(() => dead.Slice(0, 0, 1));
            Should.Throw<ObjectDisposedException>(() => dead.Exp());
            Should.Throw<ObjectDisposedException>(() => dead.Sum());
            Should.Throw<ObjectDisposedException>(() => dead.Reshape(-1));
            Should.Throw<ObjectDisposedException>(() => Ops.Einsum("...", dead));
        }
        x.ToString().ShouldContain("disposed");
    }

    [Fact]
    public void Return_InnerLease_OutlivesItButNotTheOuterOne()
    {
        using TensorScope scope = new();
        Tensor kept, dropped;
        using (scope.Enter())
        {
            using (TensorScope.Lease inner = TensorScope.Begin())
            {
                dropped = Tensor.Ones(new Shape(4));
                Tensor other = Tensor.Ones(new Shape(4));
                kept = inner.Return(other + 1);
            }
            Should.Throw<ObjectDisposedException>(() => dropped.ToArray());
            Tensor next = Tensor.Full(new Shape(4), 9);
            kept.ToArray().ShouldBe([2, 2, 2, 2]);
            next.ToArray().ShouldBe([9, 9, 9, 9]);
        }
        Should.Throw<ObjectDisposedException>(() => kept.ToArray());
    }

    [Fact]
    public void Return_SeveralTensors_AllOutlive()
    {
        using TensorScope scope = new();
        using TensorScope.Lease outer = scope.Enter();
        List<Tensor> kept = [], dropped = [];
        using (TensorScope.Lease inner = TensorScope.Begin())
        {
            for (int i = 0; i < 200; i++)
            {
                Tensor x = Tensor.Full(new Shape(3), i);
                if (i % 3 == 0) kept.Add(inner.Return(x));
                else dropped.Add(x);
            }
        }
        for (int i = 0; i < kept.Count; i++) kept[i].ToArray().ShouldBe([3 * i, 3 * i, 3 * i]);
        foreach (Tensor x in dropped) Should.Throw<ObjectDisposedException>(() => x.ToArray());
    }

    [Fact]
    public void Return_ViewOfALeasesTensor_KeepsTheMemory()
    {
        using TensorScope scope = new();
        using TensorScope.Lease outer = scope.Enter();
        Tensor view;
        using (TensorScope.Lease inner = TensorScope.Begin()) view = inner.Return(Tensor.From(1, 2, 3, 4).Slice(0, 2, 2));
        Tensor.Full(new Shape(4), 7).ToArray().ShouldAllBe(value => value == 7);
        view.ToArray().ShouldBe([3, 4]);
    }

    [Fact]
    public void Return_TensorFromOutside_ChangesNothing()
    {
        using TensorScope scope = new();
        Tensor weight = Tensor.Ones(new Shape(3));
        using (TensorScope.Lease lease = scope.Enter()) lease.Return(weight).ShouldBeSameAs(weight);
        weight.ToArray().ShouldBe([1, 1, 1]);
    }

    [Fact]
    public void Views_OfWeightsOutsideTheScope_EndWithTheLeaseAndTheWeightsStay()
    {
        using TensorScope scope = new();
        Tensor weight = Tensor.From(1, 2, 3);
        Tensor view;
        using (scope.Enter()) view = weight.Slice(0, 1, 2);
        Should.Throw<ObjectDisposedException>(() => view.ToArray());
        weight.ToArray().ShouldBe([1, 2, 3]);
    }

    [Fact]
    public void Scopes_Nested_RestoreTheOuterOne()
    {
        using TensorScope outer = new(), inner = new();
        using (outer.Enter())
        {
            Tensor a = Tensor.Ones(new Shape(10));
            using (inner.Enter())
            {
                TensorScope.Current.ShouldBeSameAs(inner);
                Tensor.Ones(new Shape(1000));
            }
            TensorScope.Current.ShouldBeSameAs(outer);
            a.ToArray().ShouldAllBe(value => value == 1);
        }
        outer.ReservedBytes.ShouldBeLessThan(4000);
        inner.ReservedBytes.ShouldBeGreaterThanOrEqualTo(4000);
        TensorScope.Current.ShouldBeNull();
    }

    [Fact]
    public void Begin_WithoutAScope_DoesNothing()
    {
        Tensor x;
        using (TensorScope.Lease lease = TensorScope.Begin()) x = lease.Return(Tensor.Ones(new Shape(2)));
        x.ToArray().ShouldBe([1, 1]);
    }

    [Fact]
    public void Scope_DisposedBeforeItsLease_KeepsTensorsUntilTheLeaseEnds()
    {
        TensorScope scope = new();
        Tensor x;
        using (scope.Enter())
        {
            x = Tensor.From(1, 2);
            scope.Dispose();
            x.ToArray().ShouldBe([1, 2]);
        }
        Should.Throw<ObjectDisposedException>(() => x.ToArray());
    }

    [Fact]
    public void Dispose_OfATensorWithViews_LeavesTheViewsAlive()
    {
        Tensor x = Tensor.From(1, 2, 3);
        Tensor view = x.Slice(0, 1, 1);
        x.Dispose();
        x.Dispose();
        Should.Throw<ObjectDisposedException>(() => x.ToArray());
        view.ToArray().ShouldBe([2]);
    }

    [Fact]
    public void RecyclingScope_ManySteps_AllocateNothingManaged()
    {
        using TensorScope scope = new(recycles: true);
        Device device = Device.CreateCpu(1);
        Tensor weight = Samples.Make(1, [32, 48], device), bias = Samples.Make(2, [48], device), table = Samples.Make(3, [3, 5, 32], device);
        for (int step = 0; step < 50; step++) Step(scope, weight, bias, table);
        SteadyState.ManagedBytes(() => { for (int step = 0; step < 1000; step++) Step(scope, weight, bias, table); }).ShouldBe(0);
    }

    [Fact]
    public void RecyclingScope_ManySteps_ReserveNoMore()
    {
        using TensorScope scope = new(recycles: true);
        Tensor weight = Samples.Make(1, [32, 48], Device.Cpu), bias = Samples.Make(2, [48], Device.Cpu), table = Samples.Make(3, [3, 5, 32], Device.Cpu);
        // Views and the tensors below them settle on who keeps the memory within a few steps.
        for (int step = 0; step < 3; step++) Step(scope, weight, bias, table);
        long reserved = scope.ReservedBytes;
        for (int step = 0; step < 100; step++) Step(scope, weight, bias, table);
        scope.ReservedBytes.ShouldBe(reserved);
    }

    /// <summary>One of each kind of operation that a decode step runs.</summary>
    private static void Step(TensorScope scope, Tensor weight, Tensor bias, Tensor table)
    {
        using TensorScope.Lease lease = scope.Enter();
        Tensor x = table.Transpose(0, 1).Contiguous().MatMul(weight) + bias; // [5, 3, 48]
        x = -x * 0.5 + 1 / (x.Square() + 1);
        x = x - x.Mean(^1, keepDims: true);
        x = x / x.Max([0, 2], keepDims: true).Abs();
        Ops.SoftCapInPlace(x, 30);
        Ops.AddInPlace(x, bias);
        Tensor heads = x.Reshape(5, 3, 6, 8).Permute(1, 2, 0, 3).Every(2, 2); // [3, 6, 3, 8]
        heads.Assign(heads.Exp());
        Tensor sums = heads.Sum([1, 3]).Sigmoid();
        _ = sums.Select(0, 1).Sum().Item();
    }
}
