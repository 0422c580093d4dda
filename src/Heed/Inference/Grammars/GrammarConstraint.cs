using System.Buffers;
using System.Numerics;
using Heed.Tokenizers;

namespace Heed.Inference.Grammars;

/// <summary>A grammar at work in one generation: takes away the logits of tokens that may not follow. Not for several threads at once.</summary>
internal sealed class GrammarConstraint
{
    private readonly TokenGrammar _grammar;
    private readonly Tokenizer _tokenizer;
    private readonly HashSet<int> _ends, _stops;
    private readonly float[] _logits;
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private GrammarState _state;
    private DecodeState _decode;
    private bool _atStart;
    private (GrammarState State, DecodeState Decode, bool AtStart) _kept;

    /// <param name="grammar">The grammar over the tokenizer's tokens.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="options">Its end and stop tokens come where the grammar lets a text end, and nowhere else.</param>
    /// <param name="endTokens">The model's end tokens.</param>
    /// <param name="logits">How many logits the model has.</param>
    /// <param name="continuesText">The text goes on after another one: a space at its start is part of it.</param>
    public GrammarConstraint(TokenGrammar grammar, Tokenizer tokenizer, GenerationOptions options, IEnumerable<int> endTokens, int logits, bool continuesText)
    {
        (_grammar, _tokenizer, _logits) = (grammar, tokenizer, new float[logits]);
        _stops = [.. endTokens, .. options.StopTokens];
        _ends = options.IgnoreEndTokens ? [.. options.StopTokens] : _stops;
        _state = grammar.Start;
        _decode = tokenizer.Parts.Decoding.Begin(continuesText);
        _atStart = !continuesText && tokenizer.Parts.Decoding is not { Start: TextStart.Keeps, JoinsWithSpaces: false };
    }

    /// <summary>Whether the text is complete and nothing can follow.</summary>
    public bool IsFinished => _grammar.IsFinal(_state);

    /// <summary>Whether the text is complete.</summary>
    public bool Accepts => _grammar.Accepts(_state);

    /// <summary>A constraint of another text that is so far the same; both are used in turns, on one thread.</summary>
    public GrammarConstraint Fork() => (GrammarConstraint)MemberwiseClone();

    /// <summary>The logits, with −∞ for every token that may not follow; valid until the next call.</summary>
    /// <exception cref="GrammarException">No token may follow, since the vocabulary cannot spell what the grammar needs.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ReadOnlySpan<float> Apply(ReadOnlySpan<float> logits, CancellationToken cancellation)
    {
        ulong[] mask = _atStart ? _grammar.MaskOf(_state, BytesAtStart) : _grammar.Mask(ref _state, cancellation);
        bool any = Keep(logits, mask, _logits);
        foreach (int token in _stops) Set(token, float.NegativeInfinity);
        if (_grammar.Accepts(_state))
            foreach (int token in _ends) any |= Set(token, (uint)token < (uint)logits.Length ? logits[token] : 0);
        if (!any) throw new GrammarException("Grammar: the model's vocabulary has no token that could follow; it cannot spell what the grammar needs here.");
        return _logits;
    }

    /// <summary>Goes on after a token of the text.</summary>
    public void Observe(int token)
    {
        if (!_atStart)
        {
            _state = _grammar.Advance(_state, _grammar.Vocabulary.BytesOf(token));
            return;
        }
        _state = _grammar.Advance(_state, Decoded(token, ref _decode));
        _atStart = _decode.AtStart || (_tokenizer.Parts.Decoding.Start == TextStart.StripsLetters && _decode.Left > 0);
    }

    /// <summary>Remembers how far the text has come.</summary>
    public void Keep() => _kept = (_state, _decode, _atStart);

    /// <summary>Goes back to where <see cref="Keep()"/> was.</summary>
    public void GoBack() => (_state, _decode, _atStart) = _kept;

    private ReadOnlyMemory<byte> BytesAtStart(int token)
    {
        DecodeState state = _decode;
        return _grammar.Vocabulary.BytesOf(token).Length == 0 ? default : Decoded(token, ref state).ToArray();
    }

    private ReadOnlySpan<byte> Decoded(int token, ref DecodeState state)
    {
        _bytes.ResetWrittenCount();
        _tokenizer.AppendBytes(token, skipSpecial: true, ref state, _bytes);
        return _bytes.WrittenSpan;
    }

    /// <summary>Copies the logits of tokens in the mask, and −∞ for the others.</summary>
    /// <returns>Whether there is one in the mask.</returns>
    internal static bool Keep(ReadOnlySpan<float> logits, ReadOnlySpan<ulong> mask, Span<float> kept)
    {
        ulong any = 0;
        for (int from = 0; from < logits.Length; from += 64)
        {
            ulong bits = from >> 6 < mask.Length ? mask[from >> 6] : 0;
            any |= bits;
            ReadOnlySpan<float> source = logits[from..Math.Min(from + 64, logits.Length)];
            Span<float> target = kept.Slice(from, source.Length);
            // Whichever is less work: to put in what stays, or to take out what goes.
            bool mostStay = BitOperations.PopCount(bits) > 32;
            if (mostStay) source.CopyTo(target);
            else target.Fill(float.NegativeInfinity);
            for (ulong rest = mostStay ? ~bits : bits; rest != 0; rest &= rest - 1)
            {
                int at = BitOperations.TrailingZeroCount(rest);
                if (at < source.Length) target[at] = mostStay ? float.NegativeInfinity : source[at];
            }
        }
        return any != 0;
    }

    private bool Set(int token, float value)
    {
        if ((uint)token >= (uint)_logits.Length) return false;
        _logits[token] = value;
        return true;
    }
}
