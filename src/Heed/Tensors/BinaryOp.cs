namespace Heed.Tensors;

/// <summary>Functions of two elements.</summary>
internal enum BinaryOp
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Maximum,
    Minimum,
    Power,
}
