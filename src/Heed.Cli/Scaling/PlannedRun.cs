using Heed.Cli.Measuring;
using Heed.Models;
using Heed.Training;

namespace Heed.Cli.Scaling;

/// <summary>One training of the ladder before it is made.</summary>
/// <param name="Size">The rung.</param>
/// <param name="Config">The model.</param>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="Seed">Of weights and rows.</param>
/// <param name="StepTokens">Tokens in a step.</param>
internal sealed record PlannedRun(LadderSize Size, ModelConfig Config, long Steps, ulong Seed, int StepTokens)
{
    // More than anybody trains on, and far from what a long holds.
    private const double MostTokens = 1e15;

    public long Parameters => Config.ParameterCount();

    /// <summary>Without the tables of the vocabulary and of positions.</summary>
    public long BodyParameters => Parameters
        - (long)Config.VocabSize * Config.HiddenSize * (Config.TieEmbeddings ? 1 : 2)
        - (Config.Positions == PositionKind.Learned ? (long)Config.MaxSeqLen * Config.HiddenSize : 0);

    public long Tokens => Steps * StepTokens;

    /// <summary>The rate that Kaplan et al. found for a size: 0.003239 − 0.0001395·ln N (arXiv 2001.08361, equation D.1).</summary>
    public double KaplanRate => Math.Max(1e-4, 0.003239 - 0.0001395 * Math.Log(BodyParameters));

    /// <summary>6·N·D and the scores of attention.</summary>
    public double CountedFlops(int seqLen) => MfuEstimate.FlopsPerToken(Config, seqLen) * Tokens;

    /// <summary>
    /// Every size with every number of tokens, and with every amount of compute spent on it (D = C/6N), for every seed; the
    /// cheapest first. Tokens are rounded to whole steps.
    /// </summary>
    /// <exception cref="CommandException">There are too many tokens.</exception>
    public static IReadOnlyList<PlannedRun> All(ModelConfig config, IEnumerable<LadderSize> sizes, IReadOnlyList<double> tokens, IReadOnlyList<double> compute, int seeds, int stepTokens)
    {
        List<PlannedRun> all = [];
        foreach (LadderSize size in sizes.Distinct())
        {
            ModelConfig own = size.Of(config);
            IEnumerable<double> amounts = tokens.Concat(compute.Select(flops => flops / (6.0 * own.ParameterCount())));
            if (amounts.Cast<double?>().FirstOrDefault(amount => amount > MostTokens) is { } most)
                throw new CommandException($"--size {size} is to be trained on {Amount.Text(most)} tokens; expected at most {Amount.Text(MostTokens)}: give less with --tokens and --compute.");
            foreach (long steps in amounts.Select(amount => (long)Math.Max(1, Math.Round(amount / stepTokens))).Distinct())
                for (int seed = 1; seed <= seeds; seed++) all.Add(new PlannedRun(size, own, steps, (ulong)seed, stepTokens));
        }
        return [.. all.OrderBy(run => (double)run.Parameters * run.Tokens)];
    }
}
