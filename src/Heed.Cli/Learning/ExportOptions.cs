using Heed.Models.Checkpoints;
using Heed.Tokenizers;

namespace Heed.Cli.Learning;

/// <summary>What a model's folder says besides the model: token ids and how to choose tokens.</summary>
internal static class ExportOptions
{
    /// <summary>The ids of a tokenizer: what ends a turn of a chat ends a text too.</summary>
    public static HuggingFaceExportOptions Of(Tokenizer tokenizer, IReadOnlyDictionary<string, double> sampling, WeightType type = WeightType.F32) => new()
    {
        Sampling = sampling,
        WeightType = type,
        BosToken = tokenizer.BosId,
        EosTokens = tokenizer.EosId is { } eos ? [eos, .. tokenizer.StopIds.Where(id => id != eos).Order()] : [.. tokenizer.StopIds.Order()],
        PadToken = tokenizer.PadId,
    };
}
