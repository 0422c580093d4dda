using System.Diagnostics.CodeAnalysis;
using Heed.Tensors;

namespace Heed.Cli.Converting;

/// <summary>The names that --type has for affine 8-bit numbers, which GGUF does not hold.</summary>
internal static class AffineTypes
{
    private static readonly (string Name, AffineScheme Scheme)[] s_all =
        [("affine8", AffineScheme.PerTensor), ("affine8_channel", AffineScheme.PerChannel), ("affine8_group", AffineScheme.PerGroup())];

    public static IEnumerable<string> Names => s_all.Select(type => type.Name);

    public static bool TryFind(string? name, [NotNullWhen(true)] out AffineScheme? scheme)
    {
        int index = Array.FindIndex(s_all, type => type.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        scheme = index < 0 ? null : s_all[index].Scheme;
        return index >= 0;
    }
}
