using Heed.Inference;
using Heed.Models.Checkpoints;
using Microsoft.Extensions.Options;

namespace Heed.Extensions.AI;

/// <summary>Says all that is wrong with a <see cref="HeedOptions"/> before a model is loaded.</summary>
internal sealed class HeedOptionsValidator : IValidateOptions<HeedOptions>
{
    public ValidateOptionsResult Validate(string? name, HeedOptions options)
    {
        ValidateOptionsResultBuilder result = new();
        void Check(bool holds, string property, object? got, string expected)
        {
            string which = string.IsNullOrEmpty(name) ? "HeedOptions" : $"HeedOptions '{name}'";
            if (!holds) result.AddError($"{which}: {property} is {got ?? "null"}; expected {expected}.");
        }

        if (string.IsNullOrWhiteSpace(options.ModelPath)) Check(false, nameof(options.ModelPath), "empty", "the path of a model's file or folder");
        else Check(Path.Exists(options.ModelPath), nameof(options.ModelPath), $"'{options.ModelPath}', which does not exist", "the path of a model's file or folder");
        Check(options.TokenizerPath is null || Path.Exists(options.TokenizerPath), nameof(options.TokenizerPath), $"'{options.TokenizerPath}', which does not exist", "a tokenizer's file, or null");
        Check(options.AdapterPath is null || Directory.Exists(options.AdapterPath), nameof(options.AdapterPath), $"'{options.AdapterPath}', which does not exist", "a folder with adapters, or null");
        Check(options.RepackedPath is null || options.Weights == WeightForm.Fast, nameof(options.Weights), options.Weights, $"{WeightForm.Fast}, since {nameof(options.RepackedPath)} is given");
        Check(options.Threads >= 0, nameof(options.Threads), options.Threads, "0 for all cores, or more");
        Check(options.ContextLength >= 0, nameof(options.ContextLength), options.ContextLength, "0 for the model's own, or more");
        Check(options.MaxOutputTokens is null or > 0, nameof(options.MaxOutputTokens), options.MaxOutputTokens, "1 or more, or null");
        Check(options.KeptChats >= 0, nameof(options.KeptChats), options.KeptChats, "0 for none, or more");
        Check(Enum.IsDefined(options.CacheType), nameof(options.CacheType), (int)options.CacheType, string.Join(", ", Enum.GetNames<KvCacheType>()));
        Check(Enum.IsDefined(options.Weights), nameof(options.Weights), (int)options.Weights, string.Join(", ", Enum.GetNames<WeightForm>()));
        Check(options.Pooling is null || Enum.IsDefined(options.Pooling.Value), nameof(options.Pooling), (int?)options.Pooling, $"{string.Join(", ", Enum.GetNames<EmbeddingPooling>())}, or null");
        return result.Build();
    }
}
