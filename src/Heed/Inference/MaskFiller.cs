using System.Text;
using Heed.Models;
using Heed.Tensors;
using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>Finds what stands in the gaps of a text, by a model that sees both ways (Devlin et al. 2018, arXiv 1810.04805). Each gap is filled as if the others stayed open.</summary>
public sealed class MaskFiller
{
    private const string Written = "<mask>";
    private readonly Transformer _model;
    private readonly Tokenizer _tokenizer;
    private readonly int _mask;

    /// <summary>Fills with a model and its tokenizer.</summary>
    /// <exception cref="ArgumentException">The model sees only what is before a token, or the tokenizer has no mask token or more tokens than the model.</exception>
    public MaskFiller(Transformer model, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (!model.Config.Bidirectional)
            throw new ArgumentException("MaskFiller: the model sees only what is before a token; expected one that sees both ways (ModelConfig.Bidirectional), as the masked objective trains it.", nameof(model));
        if (tokenizer.VocabSize > model.Config.VocabSize)
            throw new ArgumentException($"MaskFiller: the tokenizer has {tokenizer.VocabSize} tokens; the network knows {model.Config.VocabSize}.", nameof(tokenizer));
        _mask = tokenizer.MaskId ?? throw new ArgumentException("MaskFiller: the tokenizer has no mask token; expected a special token <mask> or [MASK].", nameof(tokenizer));
        (_model, _tokenizer) = (model, tokenizer);
    }

    /// <summary>The longest text; the model's own bound if 0.</summary>
    public int MaxTokens { get; init; }

    private int Most => MaxTokens > 0 ? Math.Min(MaxTokens, _model.Config.MaxSeqLen) : _model.Config.MaxSeqLen;

    /// <summary>The likeliest tokens for each mask of a text; special ones are left out.</summary>
    /// <param name="text">The text, with &lt;mask&gt; (or as the tokenizer writes it) where a token is to be found.</param>
    /// <param name="count">How many candidates for each.</param>
    /// <param name="cancellation">Looked at before each block.</param>
    /// <exception cref="ArgumentException">There is no mask in the text, or it is longer than the model's context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IReadOnlyList<FilledMask> Fill(string text, int count = 5, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Fill(Encode(text), count, cancellation);
    }

    /// <summary>The likeliest tokens for each mask among tokens.</summary>
    /// <inheritdoc cref="Fill(string, int, CancellationToken)"/>
    public IReadOnlyList<FilledMask> Fill(ReadOnlySpan<int> tokens, int count = 5, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (!tokens.Contains(_mask)) throw new ArgumentException($"Fill: the text has no {_tokenizer.TokenText(_mask)}; expected one where a token is to be found.", nameof(tokens));
        if (tokens.Length > Most) throw new ArgumentException($"Fill: the text has {tokens.Length} tokens; the model's context holds {Most}.", nameof(tokens));
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        using GradientTape.Pause pause = GradientTape.NoGrad();
        float[] logits = _model.Forward(tokens, rows: LogitRows.All, cancellation: cancellation).ToArray();
        int vocabulary = _model.Config.VocabSize;
        List<FilledMask> filled = [];
        for (int i = 0; i < tokens.Length; i++)
            if (tokens[i] == _mask) filled.Add(new FilledMask(i, Likeliest(logits.AsSpan(i * vocabulary, vocabulary), count)));
        return filled;
    }

    /// <summary>A text's tokens, with mask tokens for &lt;mask&gt;. The space before a mask goes where the tokenizer's words bring theirs along.</summary>
    /// <param name="text">The text, with &lt;mask&gt; (or as the tokenizer writes it) where a token is missing.</param>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string mask = _tokenizer.TokenText(_mask);
        text = text.Replace(Written, mask, StringComparison.Ordinal);
        bool bringSpaces = Count("x a") - Count("x") == 1;
        if (bringSpaces) text = text.Replace(" " + mask, mask, StringComparison.Ordinal);
        return _tokenizer.Encode(text, parseSpecial: true);

        int Count(string sample) => _tokenizer.Encode(sample, addSpecial: false).Length;
    }

    private MaskCandidate[] Likeliest(ReadOnlySpan<float> logits, int count)
    {
        float[] all = logits.ToArray();
        double greatest = all.Max(), sum = all.Sum(logit => Math.Exp(logit - greatest));
        return [.. Enumerable.Range(0, _tokenizer.VocabSize).Where(id => !_tokenizer.IsSpecial(id)).OrderByDescending(id => all[id]).Take(count)
            .Select(id => new MaskCandidate(id, TextOf(id), Math.Exp(all[id] - greatest) / sum))];
    }

    private string TextOf(int id) => Encoding.UTF8.GetString(_tokenizer.TokenBytes(id));
}
