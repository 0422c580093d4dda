using System.CommandLine;
using Heed.Cli.Parallel;
using Heed.Distributed;
using Heed.Training;

namespace Heed.Cli.Options;

/// <summary>The options that say how several processes train one model.</summary>
internal sealed class GridOptions
{
    private readonly Option<int?> _tensor = ValueOption.Number<int>("--tensor-parallel", "Under mpirun: how many processes share the model's matrices, a divisor of their number and of the model's heads; 1 if not given. The groups share each batch.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<bool> _sequence = new("--sequence-parallel") { Description = "With --tensor-parallel: the processes share the tokens between the matrices, too; less memory for activations." };
    private readonly Option<bool> _shard = new("--shard-optimizer") { Description = "Under mpirun: processes share out AdamW's moments (ZeRO-1); the same result in less memory." };
    private readonly Option<int?> _parts = ValueOption.Number<int>("--deterministic", "Cut each batch into N parts and add up their gradients in one fixed order: the same bits however many processes share each batch, if their number divides N.", "a power of two", value => value >= 1 && (value & (value - 1)) == 0);
    private readonly Option<bool> _noOverlap = new("--no-overlap") { Description = "Under mpirun: add up gradients after the backward pass, not beside it; the same result." };

    public void AddTo(Command command)
    {
        Option[] all = [_tensor, _sequence, _shard, _parts, _noOverlap];
        foreach (Option option in all) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_sequence) && (result.GetValue(_tensor) ?? 1) == 1) result.AddError("--sequence-parallel needs --tensor-parallel with 2 or more.");
        });
    }

    /// <summary>Whether processes that share a model share the tokens, too.</summary>
    public bool SharesSequences(ParseResult line) => line.GetValue(_sequence);

    /// <summary>Collective: the processes in rows and columns; null for this one alone.</summary>
    /// <exception cref="CommandException">The processes cannot be laid out so.</exception>
    public ProcessGrid? Grid(ParseResult line, Ranks ranks)
    {
        int tensor = line.GetValue(_tensor) ?? 1;
        if (ranks.Count % tensor != 0)
            throw new CommandException($"--tensor-parallel is {tensor}, and there {(ranks.AreSeveral ? $"are {ranks.Count} processes" : "is one process")}; expected a divisor of their number (mpirun -n {tensor} heed train …).", ExitCodes.Usage);
        return ranks.AreSeveral ? new ProcessGrid(ranks.World, tensor) : null;
    }

    /// <summary><paramref name="options"/> with what the command line says of processes.</summary>
    public TrainingOptions Apply(ParseResult line, TrainingOptions options) => options with
    {
        ShardOptimizer = line.GetValue(_shard),
        DeterministicParts = line.GetValue(_parts) ?? 0,
        OverlapGradients = !line.GetValue(_noOverlap),
    };
}
