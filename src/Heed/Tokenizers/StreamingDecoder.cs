using System.Buffers;
using System.Text;

namespace Heed.Tokenizers;

/// <summary>
/// Turns ids into text one at a time. A character whose bytes are spread over tokens comes out whole, with its last byte;
/// the pieces put together, with that of <see cref="Flush"/>, are what <see cref="Tokenizer.Decode"/> gives for all ids.
/// Not for several threads at once.
/// </summary>
public sealed class StreamingDecoder
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecial;
    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();
    private readonly ArrayBufferWriter<byte> _bytes = new(64);
    private char[] _chars = new char[64];
    private DecodeState _state;

    internal StreamingDecoder(Tokenizer tokenizer, bool skipSpecial, bool continuesText)
    {
        (_tokenizer, _skipSpecial) = (tokenizer, skipSpecial);
        _state = tokenizer.Parts.Decoding.Begin(continuesText);
    }

    /// <summary>The text that one more id completes; empty where a character is still incomplete.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public string Add(int id)
    {
        _bytes.ResetWrittenCount();
        _tokenizer.AppendBytes(id, _skipSpecial, ref _state, _bytes);
        return Convert(flush: false);
    }

    /// <summary>Ends the text: what is left of an incomplete character comes out as U+FFFD. The decoder can then go on with the same text.</summary>
    public string Flush()
    {
        _bytes.ResetWrittenCount();
        return Convert(flush: true);
    }

    private string Convert(bool flush)
    {
        int room = Encoding.UTF8.GetMaxCharCount(_bytes.WrittenCount + 4);
        if (_chars.Length < room) _chars = new char[room];
        int count = _utf8.GetChars(_bytes.WrittenSpan, _chars, flush);
        return count == 0 ? string.Empty : new string(_chars, 0, count);
    }
}
