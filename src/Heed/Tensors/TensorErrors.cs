using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Heed.Tensors;

/// <summary>Throws this room's errors, so that the checks before hot code stay small.</summary>
internal static class TensorErrors
{
    [DoesNotReturn]
    public static void Argument(string message) => throw new ArgumentException(message);

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    public static void NoAxis(int axis, in Shape shape) =>
        throw new ArgumentException($"Shape: axis {axis} is outside {shape}.");

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    public static void BadShape(ReadOnlySpan<int> axes) => throw new ArgumentException(
        $"Shape: got [{string.Join(", ", axes.ToArray())}]; expected at most {Shape.MaxRank} axes of 0 or more, and fewer than 2^31 elements.");

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    public static void BadSlice(int axis, int start, int length, in Shape shape) =>
        throw new ArgumentException($"Slice: [{start}, {(long)start + length}) is outside axis {axis} of {shape}.");

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    public static void WrongCount(string operation, string argument, int got, int expected) =>
        throw new ArgumentException($"{operation}: got {got} {argument}; expected {expected}.");

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    public static void WrongPosition(string operation, int position, int limit) => throw new ArgumentOutOfRangeException(
        nameof(position), position, $"{operation}: position {position} is out of bounds; expected −1 (padding) or 0 to {limit - 1}.");

    [DoesNotReturn]
    public static void Ended() => throw new ObjectDisposedException(
        nameof(Tensor), "Tensor: used after it was disposed or after the scope that made it ended; TensorScope.Lease.Return keeps one.");

    [DoesNotReturn]
    public static void WrongShape(string operation, string argument, Shape got, string expected) =>
        throw new ArgumentException($"{operation}: {argument} has shape {got}; expected {expected}.");

    [DoesNotReturn]
    public static void NotContiguous(string operation, Shape got) =>
        throw new InvalidOperationException($"{operation}: the tensor {got} is a strided view; call Contiguous() first.");

    [DoesNotReturn]
    public static void WrongType(string operation, DType got, DType expected) =>
        throw new InvalidOperationException($"{operation}: got a {got} tensor; expected {expected}.");

    [DoesNotReturn]
    public static void DevicesDiffer(string operation, Device a, Device b) =>
        throw new ArgumentException($"{operation}: the operands are on different devices, {a} and {b}; move one with To().");
}
