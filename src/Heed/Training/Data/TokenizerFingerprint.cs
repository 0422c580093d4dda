using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Heed.Tokenizers;

namespace Heed.Training.Data;

/// <summary>
/// Tells tokenizers apart: a hash of every token's spelling and of the ids of a few texts. A tokenizer that was saved and
/// loaded has the same one.
/// </summary>
public static class TokenizerFingerprint
{
    /// <summary>The length of a fingerprint in bytes; as text it is twice as long.</summary>
    public const int Bytes = 16;

    // Letters, contractions, numbers, white space, other scripts and what most vocabularies lack.
    private const string Probe = "The quick brown fox's 2 kites couldn't fly 12345 times;\n\n  \"once upon a time\", there was an INTERNATIONAL été.\tÜber 東京 🙂 привет?!\r\n";

    /// <summary>The fingerprint: 32 hexadecimal digits.</summary>
    public static string Of(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[4];
        void Add(int value, Span<byte> buffer)
        {
            BinaryPrimitives.WriteInt32LittleEndian(buffer, value);
            hash.AppendData(buffer);
        }

        Add(tokenizer.VocabSize, number);
        for (int id = 0; id < tokenizer.VocabSize; id++)
        {
            byte[] text = Encoding.UTF8.GetBytes(tokenizer.TokenText(id));
            Add(text.Length, number);
            hash.AppendData(text);
        }

        Add(tokenizer.BosId ?? -1, number);
        Add(tokenizer.EosId ?? -1, number);
        foreach (int id in tokenizer.Encode(Probe)) Add(id, number);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, Bytes));
    }
}
