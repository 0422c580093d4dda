using Heed.Inference;

namespace Heed.Cli;

/// <summary>The file of --prompt-cache: what was read of a prompt, for the next one that begins alike.</summary>
internal sealed class KeptPrompt : IDisposable
{
    private readonly LanguageModel _model;
    private readonly string _path;
    private readonly bool _isNew;
    private readonly PromptCache _cache;

    /// <exception cref="FileFormatException">There is another file, or one of another model or context.</exception>
    public KeptPrompt(LanguageModel model, string path)
    {
        (_model, _path, _isNew) = (model, path, !File.Exists(path));
        _cache = _isNew ? model.CreatePromptCache() : model.LoadPromptCache(path);
    }

    public IAsyncEnumerable<CompletionPiece> CompleteAsync(string prompt, GenerationOptions options, CancellationToken cancellation) =>
        _model.CompleteAsync(prompt, _cache, options, cancellation);

    /// <summary>Writes the file where it is new, or the prompt has more than it knew.</summary>
    public void Save(Usage usage, Terminal terminal)
    {
        if (!_isNew && usage.CachedTokens + 1 >= usage.PromptTokens) return;
        // Where the text cannot be forgotten it stays in the file, and serves prompts that go on after it.
        _cache.TryTruncate(usage.PromptTokens);
        _cache.Save(_path);
        terminal.Note($"{_path} was written: {_cache.Length} tokens that a prompt which begins alike need not read again.");
    }

    public void Dispose() => _cache.Dispose();
}
