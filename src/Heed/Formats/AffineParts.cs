namespace Heed.Formats;

/// <summary>What makes numbers of a matrix of bytes: scale·(byte − zero point).</summary>
/// <param name="Scales">F32, for the whole matrix [1], for each row [rows], or for each group of a row's columns [rows, groups].</param>
/// <param name="ZeroPoints">U8, of the same shape.</param>
internal sealed record AffineParts(StoredTensor Scales, StoredTensor ZeroPoints)
{
    /// <summary>The bytes of both in the file.</summary>
    public long Bytes => Scales.ByteLength + ZeroPoints.ByteLength;
}
