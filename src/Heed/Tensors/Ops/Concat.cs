namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>The tensors one after another along an axis; all other axes must be equal.</summary>
    /// <exception cref="ArgumentException">There are no tensors, or axes or devices differ.</exception>
    public static Tensor Concat(Index axis, params ReadOnlySpan<Tensor> tensors)
    {
        if (tensors.Length == 0) TensorErrors.Argument("Concat: got no tensors; expected one or more.");
        Tensor first = tensors[0];
        int along = CheckAxis("Concat", first, axis), total = 0;
        for (int i = 0; i < tensors.Length; i++)
        {
            Tensor part = tensors[i];
            SameDevice("Concat", first, part);
            if (part.Rank != first.Rank || part.Shape.WithAxis(along, 0) != first.Shape.WithAxis(along, 0))
                TensorErrors.WrongShape("Concat", $"tensors[{i}]", part.Shape, $"that of tensors[0] {first.Shape} in all axes but {along}");
            total = checked(total + part.Shape[along]);
        }
        Tensor result = Tensor.Allocate(first.Shape.WithAxis(along, total), first.Device);
        using (TensorScope.Begin())
        {
            int start = 0;
            foreach (Tensor part in tensors)
            {
                first.Backend.Copy(part, result.Slice(along, start, part.Shape[along]));
                start += part.Shape[along];
            }
        }
        if (WatchingAny(tensors) is { } tape) ConcatGradient(tape, along, tensors, result);
        return result;
    }

    private static void ConcatGradient(GradientTape tape, int along, ReadOnlySpan<Tensor> tensors, Tensor result)
    {
        (GradientNode? Node, int Start, int Size)[] parts = new (GradientNode?, int, int)[tensors.Length];
        for (int i = 0, start = 0; i < parts.Length; start += tensors[i++].Shape[along]) parts[i] = (tensors[i].Node, start, tensors[i].Shape[along]);
        tape.Record(result, gradient =>
        {
            foreach ((GradientNode? node, int start, int size) in parts) node?.Add(gradient.Slice(along, start, size));
        });
    }

    private static GradientTape? WatchingAny(ReadOnlySpan<Tensor> tensors)
    {
        foreach (Tensor tensor in tensors)
            if (GradientTape.Watching(tensor) is { } tape) return tape;
        return null;
    }

    /// <summary>Tensors of one shape side by side along a new axis before <paramref name="axis"/>; <c>^0</c> puts it last.</summary>
    /// <exception cref="ArgumentException">There are no tensors, or shapes or devices differ.</exception>
    public static Tensor Stack(Index axis, params ReadOnlySpan<Tensor> tensors)
    {
        if (tensors.Length == 0) TensorErrors.Argument("Stack: got no tensors; expected one or more.");
        Tensor first = tensors[0];
        int along = axis.GetOffset(first.Rank);
        if ((uint)along > (uint)first.Rank || first.Rank == Shape.MaxRank)
            TensorErrors.Argument($"Stack: a new axis at {axis} does not fit tensors[0] {first.Shape}; expected 0 to {first.Rank} and at most {Shape.MaxRank} axes.");
        Span<int> sizes = stackalloc int[Shape.MaxRank + 1];
        first.Shape.CopyTo(sizes);
        sizes[along..first.Rank].CopyTo(sizes[(along + 1)..]);
        sizes[along] = tensors.Length;
        Tensor result = Tensor.Allocate(new Shape(sizes[..(first.Rank + 1)]), first.Device);
        using TensorScope.Lease lease = TensorScope.Begin();
        for (int i = 0; i < tensors.Length; i++)
        {
            SameDevice("Stack", first, tensors[i]);
            if (tensors[i].Shape != first.Shape) TensorErrors.WrongShape("Stack", $"tensors[{i}]", tensors[i].Shape, $"that of tensors[0] {first.Shape}");
            first.Backend.Copy(tensors[i], result.Select(along, i));
        }
        if (WatchingAny(tensors) is { } tape) StackGradient(tape, along, tensors, result);
        return result;
    }

    private static void StackGradient(GradientTape tape, int along, ReadOnlySpan<Tensor> tensors, Tensor result)
    {
        GradientNode?[] nodes = new GradientNode?[tensors.Length];
        for (int i = 0; i < nodes.Length; i++) nodes[i] = tensors[i].Node;
        tape.Record(result, gradient =>
        {
            for (int i = 0; i < nodes.Length; i++) nodes[i]?.Add(gradient.Select(along, i));
        });
    }
}
