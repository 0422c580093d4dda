namespace Heed.Tensors;

/// <summary>
/// The operations that models are built of. Each operation's file holds its checks and its forward step, and is the
/// place of its backward step.
/// </summary>
[System.Runtime.CompilerServices.SkipLocalsInit]
public static partial class Ops
{
    private static void SameDevice(string operation, Tensor a, Tensor b)
    {
        if (!ReferenceEquals(a.Device, b.Device)) TensorErrors.DevicesDiffer(operation, a.Device, b.Device);
    }

    private static void CheckVector(string operation, string argument, Tensor vector, int size)
    {
        if (vector.Rank != 1 || vector.Shape[0] != size) TensorErrors.WrongShape(operation, argument, vector.Shape, $"[{size}]");
    }
}
