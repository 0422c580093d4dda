namespace Heed.Cli.Tests;

public sealed class TerminalTests
{
    [Theory]
    [InlineData("a fox\n\tand a kite\r\n", "a fox\n\tand a kite\r\n")]
    [InlineData("a\e]0;title\a fox\e[2J\u009b31m\b", "a\uFFFD]0;title\uFFFD fox\uFFFD[2J\uFFFD31m\uFFFD")]
    public void CleanText_ControlCharacters_AreReplaced(string text, string expected) => Terminal.CleanText(text).ShouldBe(expected);
}
