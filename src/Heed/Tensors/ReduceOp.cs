namespace Heed.Tensors;

/// <summary>Ways to fold the elements of some axes into one.</summary>
internal enum ReduceOp
{
    Sum,
    Mean,
    Max,
    Min,
}
