namespace Heed.Tests.Tokenizers;

/// <summary>Compares ids and shows only the neighbourhood of the first difference.</summary>
internal static class IdAssert
{
    public static void ShouldMatch(this int[] actual, int[] expected, string what = "")
    {
        int at = actual.AsSpan().CommonPrefixLength(expected);
        if (at == actual.Length && at == expected.Length) return;
        static string Around(int[] ids, int at) => string.Join(' ', ids.Skip(Math.Max(0, at - 4)).Take(12));
        Assert.Fail($"ids differ at {at} ({actual.Length} ids, expected {expected.Length}): got … {Around(actual, at)} …, expected … {Around(expected, at)} … {what[..Math.Min(60, what.Length)]}");
    }
}
