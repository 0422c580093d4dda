using Heed.Models.Checkpoints;
using Heed.Tokenizers;

namespace Heed.Cli.Learning;

/// <summary>The token ids that a model's configuration names.</summary>
internal static class ExportOptions
{
    /// <summary>Those of a tokenizer: what ends a turn of a chat ends a text too.</summary>
    public static HuggingFaceExportOptions Of(Tokenizer tokenizer, WeightType type = WeightType.F32) => new()
    {
        WeightType = type,
        BosToken = tokenizer.BosId,
        EosTokens = tokenizer.EosId is { } eos ? [eos, .. tokenizer.StopIds.Where(id => id != eos).Order()] : [.. tokenizer.StopIds.Order()],
        PadToken = tokenizer.PadId,
    };
}
