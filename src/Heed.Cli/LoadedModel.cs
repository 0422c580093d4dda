using Heed.Inference;

namespace Heed.Cli;

/// <summary>A model that is ready, and how long that took.</summary>
internal sealed record LoadedModel(LanguageModel Model, TimeSpan LoadTime, int Threads) : IDisposable
{
    public void Dispose() => Model.Dispose();
}
