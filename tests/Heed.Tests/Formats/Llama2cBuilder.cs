namespace Heed.Tests.Formats;

/// <summary>Builds small llama2.c checkpoints whose weights count 1, 2, 3, ... from the first float of the file on.</summary>
internal static class Llama2cBuilder
{
    public const int Dim = 8, Hidden = 12, Layers = 2, Heads = 4, KvHeads = 2, Vocab = 10, SeqLen = 6, Kv = Dim / Heads * KvHeads, Group = 4;

    private static readonly string[] Names = ["dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "max_seq_len"];

    private static int Matrices => Layers * (2 * Dim * Dim + 2 * Kv * Dim + 3 * Dim * Hidden);

    private static int Norms => (2 * Layers + 1) * Dim;

    public static ByteBuilder Version0(bool shared)
    {
        ByteBuilder builder = new();
        Sizes(builder, shared ? Vocab : -Vocab);
        int floats = Vocab * Dim + Matrices + Norms + SeqLen * (Dim / Heads / 2) * 2 + (shared ? 0 : Vocab * Dim);
        return builder.Put("weights", ByteBuilder.Counting(floats));
    }

    public static ByteBuilder Version1(bool shared)
    {
        ByteBuilder builder = Header(1);
        builder.U8("shared_classifier", shared ? (byte)1 : (byte)0);
        Pad(builder);
        return builder.Put("weights", ByteBuilder.Counting(Norms + Vocab * Dim + Matrices + (shared ? 0 : Vocab * Dim)));
    }

    /// <summary>Values run -3, -2, ... 3 and the scale of group g of a matrix is g + 1.</summary>
    public static ByteBuilder Version2(bool shared)
    {
        ByteBuilder builder = Header(2);
        builder.U8("shared_classifier", shared ? (byte)1 : (byte)0).U32("group_size", Group);
        Pad(builder);
        builder.Put("norms", ByteBuilder.Counting(Norms));
        int[] perLayer = [Dim * Dim, Kv * Dim, Kv * Dim, Dim * Dim, Hidden * Dim, Dim * Hidden, Hidden * Dim];
        Quantized(builder, Vocab * Dim);
        foreach (int size in perLayer)
            for (int layer = 0; layer < Layers; layer++) Quantized(builder, size);
        if (!shared) Quantized(builder, Vocab * Dim);
        return builder;
    }

    private static void Quantized(ByteBuilder builder, int size)
    {
        byte[] values = new byte[size];
        for (int i = 0; i < size; i++) values[i] = (byte)(i % 7 - 3);
        builder.Put("values", values).Put("scales", ByteBuilder.Counting(size / Group));
    }

    private static ByteBuilder Header(int version)
    {
        ByteBuilder builder = new();
        builder.U32("magic", 0x616B3432).U32("version", version);
        Sizes(builder, Vocab);
        return builder;
    }

    private static void Sizes(ByteBuilder builder, int vocab)
    {
        int[] sizes = [Dim, Hidden, Layers, Heads, KvHeads, vocab, SeqLen];
        for (int i = 0; i < sizes.Length; i++) builder.U32(Names[i], sizes[i]);
    }

    private static void Pad(ByteBuilder builder) => builder.Put("padding", new byte[256 - builder.Position]);
}
