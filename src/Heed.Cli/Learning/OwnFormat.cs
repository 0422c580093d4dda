using Heed.Models;
using Heed.Models.Checkpoints;

namespace Heed.Cli.Learning;

/// <summary>Says that a model's folder will not be a Hugging Face folder.</summary>
internal static class OwnFormat
{
    /// <summary>Checks that the model can be written, and notes if that is in Heed's own format.</summary>
    /// <exception cref="ArgumentException">A setting is no finite number.</exception>
    public static void Check(ModelConfig config, Terminal terminal)
    {
        ModelFolder.Check(config);
        if (ModelFolder.WhyOwnFormat(config) is { } reason) terminal.Note($"the folder will be in Heed's own format, which heed reads and others do not: {reason}");
    }
}
