namespace Heed.Formats;

/// <summary>The header of a llama2.c checkpoint.</summary>
/// <param name="Dim">The hidden size.</param>
/// <param name="HiddenDim">The feed-forward's inner size.</param>
/// <param name="Layers">The number of blocks.</param>
/// <param name="Heads">The number of query heads.</param>
/// <param name="KvHeads">The number of key and value heads.</param>
/// <param name="Vocab">The vocabulary's size.</param>
/// <param name="SeqLen">The longest sequence.</param>
/// <param name="SharedClassifier">Whether the output matrix is the token embedding.</param>
/// <param name="Version">0 (no magic), 1 (float32) or 2 (8-bit groups).</param>
/// <param name="GroupSize">Values per scale in version 2, else 0.</param>
public sealed record Llama2cHeader(
    int Dim, int HiddenDim, int Layers, int Heads, int KvHeads, int Vocab, int SeqLen, bool SharedClassifier, int Version, int GroupSize)
{
    /// <summary>The size of one head.</summary>
    public int HeadDim => Dim / Heads;

    /// <summary>The size of all key heads together.</summary>
    public int KvDim => Dim / Heads * KvHeads;
}
