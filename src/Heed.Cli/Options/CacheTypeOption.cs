using System.CommandLine;

namespace Heed.Cli.Options;

/// <summary>The option --kv-type: what keys and values are rounded to when they are stored.</summary>
internal static class CacheTypeOption
{
    private static readonly string[] s_names = [.. Enum.GetValues<KvCacheType>().Select(NameOf)];

    public static Option<KvCacheType?> Create() => new("--kv-type")
    {
        Description = $"What keys and values are rounded to in the cache: {string.Join(", ", s_names)}; f32, which rounds nothing, if not given.",
        HelpName = "TYPE",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            int found = Array.FindIndex(s_names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase));
            if (found >= 0) return Enum.GetValues<KvCacheType>()[found];
            result.AddError($"--kv-type is '{text}'; expected {string.Join(", ", s_names)}.");
            return null;
        },
    };

    /// <summary>A type as the command line names it.</summary>
    public static string NameOf(KvCacheType type) => type switch
    {
        KvCacheType.F16 => "f16",
        KvCacheType.Q8_0 => "q8_0",
        _ => "f32",
    };
}
