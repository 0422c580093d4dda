namespace Heed.Cli.Tests;

public sealed class ErrorTextTests
{
    [Fact]
    public void Of_ArgumentException_LeavesTheParameterOut() => ErrorText.Of(new ArgumentException("Render: no.", "messages")).ShouldBe("Render: no.");

    [Fact]
    public void IsExpected_WeightsThatAreNoNumbers_AreTheFilesFault()
    {
        ErrorText.IsExpected(new ArithmeticException("NaN")).ShouldBeTrue();
        ErrorText.IsExpected(new OverflowException()).ShouldBeFalse();
        ErrorText.IsExpected(new DivideByZeroException()).ShouldBeFalse();
    }
}
