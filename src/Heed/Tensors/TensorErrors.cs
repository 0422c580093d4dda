using System.Diagnostics.CodeAnalysis;

namespace Heed.Tensors;

/// <summary>Throws this room's errors, so that the checks before hot code stay small.</summary>
internal static class TensorErrors
{
    [DoesNotReturn]
    public static void Argument(string message) => throw new ArgumentException(message);

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
