using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Heed.Tokenizers;

namespace Heed.Training.Data;

/// <summary>
/// Dialogs as ids for supervised fine-tuning: only what the model itself says is to be predicted, its first token and the marker
/// that ends it included. All of them are in memory.
/// </summary>
public sealed class DialogDataset
{
    private readonly int[] _tokens;
    private readonly int[] _targets;
    private readonly int[] _starts;

    private DialogDataset(int[] tokens, int[] targets, int[] starts, int vocabSize, int maxTokens) =>
        (_tokens, _targets, _starts, VocabSize, MaxTokens) = (tokens, targets, starts, vocabSize, maxTokens);

    /// <summary>How many dialogs there are.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>How many were too long and were cut.</summary>
    public int CutCount { get; private init; }

    /// <summary>How many were left out: too long, or without a token to learn from after they were cut.</summary>
    public int SkippedCount { get; private init; }

    /// <summary>How many tokens all dialogs have.</summary>
    public int TokenCount => _tokens.Length;

    /// <summary>How many tokens are to be predicted.</summary>
    public int TargetCount => _targets.Length - _targets.AsSpan().Count(TrainingBatch.IgnoreIndex);

    /// <summary>Every id is less than this.</summary>
    public int VocabSize { get; }

    /// <summary>What the first dialog's user says first; null where only others speak.</summary>
    public string? FirstQuestion { get; private init; }

    /// <summary>No dialog has more tokens than this.</summary>
    public int MaxTokens { get; }

    /// <summary>Tells the dialogs from others: 32 hexadecimal digits of a hash of their ids and targets.</summary>
    public string Fingerprint()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (int[] numbers in (int[][])[_starts, _tokens, _targets]) hash.AppendData(MemoryMarshal.AsBytes<int>(numbers));
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, TokenizerFingerprint.Bytes));
    }

    /// <summary>
    /// Reads a JSON-lines file. Each line is {"messages": [{"role": "system" | "user" | "assistant", "content": …}, …]}, the
    /// assistant last, or {"prompt": …, "response": …}.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="format">The model's chat format.</param>
    /// <param name="options">What to do with long dialogs, or null for the defaults.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="FileFormatException">A line is not a dialog, or nothing is left to learn from; the message has the line's number.</exception>
    public static DialogDataset Load(string path, Tokenizer tokenizer, ChatFormat format, DialogOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(format);
        Builder builder = new(options ?? new DialogOptions());
        foreach ((long line, IReadOnlyList<ChatMessage> messages) in DialogFile.Read(path))
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                builder.Add(messages, format.RenderDialog(messages, tokenizer));
            }
            catch (ArgumentException error)
            {
                throw DialogFile.Wrong(path, line, error.Message, error);
            }
        }

        if (builder.Count == 0) throw new FileFormatException(path, builder.Nothing);
        return builder.Build(tokenizer.VocabSize);
    }

    /// <summary>Takes dialogs that are in memory.</summary>
    /// <exception cref="ArgumentException">A dialog's roles are wrong, or nothing is left to learn from.</exception>
    public static DialogDataset From(IEnumerable<IReadOnlyList<ChatMessage>> dialogs, Tokenizer tokenizer, ChatFormat format, DialogOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(dialogs);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(format);
        Builder builder = new(options ?? new DialogOptions());
        foreach (IReadOnlyList<ChatMessage> messages in dialogs) builder.Add(messages, format.RenderDialog(messages, tokenizer));
        return builder.Count > 0 ? builder.Build(tokenizer.VocabSize)
            : throw new ArgumentException($"DialogDataset: {builder.Nothing}", nameof(dialogs));
    }

    /// <summary>Holds out a fraction of the dialogs, evenly spread.</summary>
    /// <param name="validationFraction">At least 0 and less than 1.</param>
    /// <returns>What is trained on, and what is held out: null where the fraction is less than one dialog.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is out of range, or leaves nothing to train on.</exception>
    public (DialogDataset Train, DialogDataset? Validation) Split(double validationFraction)
    {
        if (!(validationFraction >= 0 && validationFraction < 1))
            throw new ArgumentOutOfRangeException(nameof(validationFraction), validationFraction, "Split: validationFraction must be at least 0 and less than 1.");
        bool IsHeldOut(int dialog) => Math.Floor((dialog + 1) * validationFraction) > Math.Floor(dialog * validationFraction);
        int heldOut = Enumerable.Range(0, Count).Count(IsHeldOut);
        if (heldOut == 0) return (this, null);
        if (heldOut == Count) throw new ArgumentOutOfRangeException(nameof(validationFraction), validationFraction, $"Split: nothing of {Count} dialogs is left to train on.");
        return (Select(dialog => !IsHeldOut(dialog)), Select(IsHeldOut));
    }

    internal ReadOnlySpan<int> Tokens(int dialog) => _tokens.AsSpan(_starts[dialog].._starts[dialog + 1]);

    internal ReadOnlySpan<int> Targets(int dialog) => _targets.AsSpan(_starts[dialog].._starts[dialog + 1]);

    private DialogDataset Select(Func<int, bool> takes)
    {
        List<int> tokens = [], targets = [], starts = [0];
        foreach (int dialog in Enumerable.Range(0, Count).Where(takes))
        {
            tokens.AddRange(Tokens(dialog));
            targets.AddRange(Targets(dialog));
            starts.Add(tokens.Count);
        }

        return new DialogDataset(tokens.ToArray(), targets.ToArray(), starts.ToArray(), VocabSize, MaxTokens) { FirstQuestion = FirstQuestion };
    }

    /// <summary>Collects dialogs.</summary>
    private sealed class Builder
    {
        private readonly DialogOptions _options;
        private readonly List<int> _tokens = [], _targets = [], _starts = [0];
        private string? _question;
        private int _cut;

        public Builder(DialogOptions options)
        {
            if (options.MaxTokens < 1) throw new ArgumentOutOfRangeException(nameof(options), options.MaxTokens, "DialogDataset: MaxTokens must be at least 1.");
            _options = options;
        }

        public int Count => _starts.Count - 1;

        public int Skipped { get; private set; }

        /// <summary>Why there is none, for errors.</summary>
        public string Nothing => Skipped == 0 ? "there is no dialog in it."
            : _options.SkipsLong ? $"there is nothing to learn from: each of its {Skipped} dialogs has more than {_options.MaxTokens} tokens or no answer."
            : $"there is nothing to learn from: none of its {Skipped} dialogs has an answer that begins within {_options.MaxTokens} tokens.";

        public void Add(IReadOnlyList<ChatMessage> messages, DialogTokens dialog)
        {
            _question ??= messages.FirstOrDefault(message => message.Role == ChatRole.User)?.Content;
            // Nothing is learnt from what follows the last answer, nor from its last token as an input.
            int length = Array.LastIndexOf(dialog.IsAnswer, true);
            bool isLong = length > _options.MaxTokens;
            if (isLong) length = _options.MaxTokens;
            bool teaches = length > 0 && dialog.IsAnswer.AsSpan(1, length).Contains(true);
            if (!teaches || (isLong && _options.SkipsLong))
            {
                Skipped++;
                return;
            }

            if (isLong) _cut++;
            for (int i = 0; i < length; i++)
            {
                _tokens.Add(dialog.Ids[i]);
                _targets.Add(dialog.IsAnswer[i + 1] ? dialog.Ids[i + 1] : TrainingBatch.IgnoreIndex);
            }

            _starts.Add(_tokens.Count);
        }

        public DialogDataset Build(int vocabSize) =>
            new(_tokens.ToArray(), _targets.ToArray(), _starts.ToArray(), vocabSize, _options.MaxTokens) { CutCount = _cut, SkippedCount = Skipped, FirstQuestion = _question };
    }
}
