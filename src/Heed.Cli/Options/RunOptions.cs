using System.CommandLine;
using Heed.Cli.Learning;
using Heed.Cli.Parallel;
using Heed.Tensors;

namespace Heed.Cli.Options;

/// <summary>The options of every training that say where it happens: folder, threads, going on, samples.</summary>
internal sealed class RunOptions
{
    private readonly Option<string> _out = new("--out", "-o") { Description = "The folder of the run: the model as a Hugging Face folder, and below training/ what it takes to go on.", HelpName = "DIR", Required = true };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on where the folder's last checkpoint ends." };
    private readonly Option<bool> _force = new("--force") { Description = "Begin again in a folder that holds a run or a model, which are lost." };
    private readonly Option<bool> _acceptChanges = new("--accept-changes") { Description = "With --resume: go on although options or data are others than at the beginning." };
    private readonly Option<int?> _threads = ValueOption.Number<int>("--threads", "The number of threads; all that the process may use if not given, under mpirun its share of them. The model does not depend on it.", "a whole number, 1 to 1024", value => value is >= 1 and <= Tensors.Device.MaxThreads);
    private readonly Option<string?> _prompt = ValueOption.Text("--prompt", "What the samples begin with.", "TEXT");
    private readonly Option<int?> _sampleTokens = ValueOption.Number<int>("--sample-tokens", "The length of a sample; 100 if not given.", "a whole number, 1 or more", value => value >= 1);

    private readonly Option<string[]> _generation = new("--generation")
    {
        Description = "What the model's generation_config.json recommends, such as temperature=0.6 or top_p=0.9; may be given several times.",
        HelpName = "NAME=VALUE",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    public void AddTo(Command command)
    {
        Option[] all = [_out, _resume, _force, _acceptChanges, _threads, _prompt, _sampleTokens, _generation];
        foreach (Option option in all) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_resume) && result.GetValue(_force)) result.AddError("--resume and --force contradict each other.");
        });
    }

    public RunFolder Folder(ParseResult line) => new(line.GetRequiredValue(_out), line.GetValue(_resume), line.GetValue(_force));

    public bool AcceptChanges(ParseResult line) => line.GetValue(_acceptChanges);

    /// <param name="line">The command line.</param>
    /// <param name="ranks">The processes that share this machine's processors; null for this one alone.</param>
    public Device Device(ParseResult line, Ranks? ranks = null) => line.GetValue(_threads) is { } threads ? Tensors.Device.CreateCpu(threads)
        : ranks is { AreSeveral: true } ? Tensors.Device.CreateCpu(ranks.Threads()) : Tensors.Device.Cpu;

    /// <summary>What is recommended for the choice of tokens, NAME=VALUE each.</summary>
    public string[] Generation(ParseResult line) => line.GetValue(_generation) ?? [];

    public string? Prompt(ParseResult line) => line.GetValue(_prompt);

    public int SampleTokens(ParseResult line) => line.GetValue(_sampleTokens) ?? 100;
}
