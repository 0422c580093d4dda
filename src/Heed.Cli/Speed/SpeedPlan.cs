using Heed.Models;

namespace Heed.Cli.Speed;

/// <summary>What is measured of a model: every length of the prompt with every number of rows.</summary>
/// <param name="Prompts">The tokens of each row's prompt.</param>
/// <param name="Batches">The rows.</param>
/// <param name="NewTokens">The tokens that are written on.</param>
internal sealed record SpeedPlan(IReadOnlyList<int> Prompts, IReadOnlyList<int> Batches, int NewTokens)
{
    private const int UsualPrompt = 512, UsualTokens = 64;

    /// <summary>What the command line asks for, with the usual numbers where it has none.</summary>
    /// <exception cref="CommandException">The model's context or this machine's memory does not hold it.</exception>
    public static SpeedPlan Of(ModelConfig config, int[] prompts, int[] batches, int? tokens, KvCacheType cacheType)
    {
        // A short context bounds what can be measured; there is no sense in failing for the defaults.
        if (prompts.Length == 0) prompts = [Math.Min(UsualPrompt, Math.Max(1, config.MaxSeqLen / 2))];
        SpeedPlan plan = new(prompts, batches.Length == 0 ? [1] : batches, tokens ?? Math.Min(UsualTokens, Math.Max(0, config.MaxSeqLen - prompts.Max())));
        plan.Check(config, cacheType);
        return plan;
    }

    /// <summary>All of it, the rows outermost.</summary>
    public IEnumerable<(int Batch, int Prompt)> Cases => Batches.SelectMany(batch => Prompts.Select(prompt => (batch, prompt)));

    private void Check(ModelConfig config, KvCacheType cacheType)
    {
        int prompt = Prompts.Max(), batch = Batches.Max();
        long tokens = (long)prompt + NewTokens;
        if (tokens > config.MaxSeqLen)
            throw new CommandException($"a prompt of {prompt} tokens and {NewTokens} more are beyond the model's {config.MaxSeqLen}; give less with --prompt and --tokens.");
        double needed = (double)batch * config.CacheBytes((int)tokens, sourceTokens: 0, cacheType), memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed > memory || (long)batch * prompt > Array.MaxLength)
            throw new CommandException($"{batch} rows of {tokens} tokens take {needed / (1 << 30):F0} GiB of keys and values, and this machine has {memory / (1 << 30):F0} GiB; give less with --batch, --prompt and --tokens.");
    }
}
