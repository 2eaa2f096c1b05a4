namespace Costate.Tests;

public sealed class InputExceptionTests
{
    [Fact]
    public void Message_SaysAll_UnderEitherName()
    {
        var error = new InputException("guidanceScale", "NaN", "finite", "Leave it out for none.");
        Assert.Equal("Got NaN for guidanceScale; it must be finite. Leave it out for none.", error.Message);
        Assert.Equal("Got NaN for --guidance-scale; it must be finite. Leave it out for none.", error.TextFor("--guidance-scale"));
        Assert.Equal(
            ("guidanceScale", "NaN", "finite", "Leave it out for none."),
            (error.ParamName, error.Got, error.Expected, error.Remedy));
        Assert.Equal("Got 3 for n; it must be 2.", new InputException("n", "3", "2").Message);
    }
}
