namespace Heed.Tensors;

/// <summary>
/// Every operation as its formula says, in scalar double arithmetic: the oracle for the other backends. It is written
/// to be obviously right, element by element, and is slow.
/// </summary>
internal sealed partial class ReferenceBackend : IBackend;
