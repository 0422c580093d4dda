using System.Text;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

/// <summary>Cases of Unicode Standard Annex 15 and of the Unicode Standard's chapter 3.</summary>
public class UnicodeNormalizerTests
{
    [Theory]
    [InlineData("\u1E0A", "\u1E0A", "D\u0307", "\u1E0A", "D\u0307")]
    [InlineData("\u1E0A\u0323", "\u1E0C\u0307", "D\u0323\u0307", "\u1E0C\u0307", "D\u0323\u0307")]
    [InlineData("\u212B", "\u00C5", "A\u030A", "\u00C5", "A\u030A")]
    [InlineData("\u0344", "\u0308\u0301", "\u0308\u0301", "\u0308\u0301", "\u0308\u0301")]
    [InlineData("\uFB01", "\uFB01", "\uFB01", "fi", "fi")]
    [InlineData("2\u2075", "2\u2075", "2\u2075", "25", "25")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323", "\u017F\u0323\u0307", "\u1E69", "s\u0323\u0307")]
    [InlineData("\uD55C\uAE00", "\uD55C\uAE00", "\u1112\u1161\u11AB\u1100\u1173\u11AF", "\uD55C\uAE00", "\u1112\u1161\u11AB\u1100\u1173\u11AF")]
    [InlineData("\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165")]
    [InlineData("\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C")]
    [InlineData("\U0001D400", "\U0001D400", "\U0001D400", "A", "A")]
    [InlineData("a\u0315\u0300\u05AE\u0062", "\u00E0\u05AE\u0315b", "a\u05AE\u0300\u0315b", "\u00E0\u05AE\u0315b", "a\u05AE\u0300\u0315b")]
    [InlineData("plain", "plain", "plain", "plain", "plain")]
    public void Normalize_AllForms(string text, string c, string d, string kc, string kd)
    {
        UnicodeNormalizer.Normalize(text, NormalizationForm.FormC).ShouldBe(c);
        UnicodeNormalizer.Normalize(text, NormalizationForm.FormD).ShouldBe(d);
        UnicodeNormalizer.Normalize(text, NormalizationForm.FormKC).ShouldBe(kc);
        UnicodeNormalizer.Normalize(text, NormalizationForm.FormKD).ShouldBe(kd);
    }

    [Fact]
    public void Normalize_LongRunOfMarks_IsOrderedQuickly()
    {
        string text = "a" + string.Concat(Enumerable.Repeat("\u0301\u0323", 50_000));
        string expected = "\u1EA1" + new string('\u0323', 49_999) + new string('\u0301', 50_000);
        UnicodeNormalizer.Normalize(text, NormalizationForm.FormC).ShouldBe(expected);
    }
}
