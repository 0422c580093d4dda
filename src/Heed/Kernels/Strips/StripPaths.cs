using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>Which paths this processor has, and which one is taken.</summary>
internal static class StripPaths
{
    /// <summary>Names a <see cref="StripPath"/> to be taken instead of the best one, for tests and reports of errors.</summary>
    public const string Variable = "HEED_QUANTIZED_PATH";

    // Not an initializer, whose exception would hide the message in another one.
    private static readonly Lazy<StripPath> s_best = new(() => Choose(Environment.GetEnvironmentVariable(Variable)));

    /// <summary>The path that is taken, settled once.</summary>
    /// <exception cref="ArgumentException">The variable names no path of this processor.</exception>
    public static StripPath Best => s_best.Value;

    /// <summary>The path of that name if this processor has it; the best one for null or an empty name.</summary>
    /// <exception cref="ArgumentException">There is no such path here.</exception>
    public static StripPath Choose(string? name)
    {
        if (string.IsNullOrEmpty(name)) return Enum.GetValues<StripPath>().Last(Has);
        StripPath[] here = [.. Enum.GetValues<StripPath>().Where(Has)];
        foreach (StripPath path in here)
            if (string.Equals(path.ToString(), name, StringComparison.OrdinalIgnoreCase)) return path;
        throw new ArgumentException($"{Variable} is '{name}'; expected one that this processor has: {string.Join(", ", here)}.");
    }

    /// <summary>Whether this processor has what a path needs.</summary>
    public static bool Has(StripPath path) => path switch
    {
        StripPath.Portable => true,
        StripPath.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        StripPath.AvxVnni => AvxVnni.IsSupported && Has(StripPath.Avx2),
        StripPath.Avx512 => Avx512BW.IsSupported && Avx512F.VL.IsSupported && Has(StripPath.Avx2),
        _ => Has(StripPath.Avx512) && Has(StripPath.AvxVnni),
    };
}
