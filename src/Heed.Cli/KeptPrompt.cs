using Heed.Cli.Parallel;
using Heed.Inference;

namespace Heed.Cli;

/// <summary>The file of --prompt-cache: what was read of a prompt, for the next one that begins alike.</summary>
internal sealed class KeptPrompt : IDisposable
{
    private readonly LanguageModel _model;
    private readonly string _path;
    private readonly bool _isNew;
    private readonly PromptCache _cache;

    /// <param name="model">The model.</param>
    /// <param name="path">The file; of several processes each has its own, with its number after the name.</param>
    /// <param name="ranks">The processes. They know the same of a prompt, or nothing.</param>
    /// <exception cref="FileFormatException">There is another file, or one of another model or context.</exception>
    public KeptPrompt(LanguageModel model, string path, Ranks ranks)
    {
        if (ranks.AreSeveral) path = $"{path}.{ranks.World.Rank + 1}of{ranks.Count}";
        (_model, _path, _isNew) = (model, path, !ranks.All(File.Exists(path)));
        _cache = _isNew ? model.CreatePromptCache() : model.LoadPromptCache(path);
        if (ranks.HaveSame(_cache.Length)) return;
        _cache.Dispose();
        (_isNew, _cache) = (true, model.CreatePromptCache());
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
