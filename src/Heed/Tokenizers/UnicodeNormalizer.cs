using System.Text;

namespace Heed.Tokenizers;

internal static class UnicodeNormalizer
{
    public static string Normalize(string text, NormalizationForm form) => text.Normalize(form);
}
