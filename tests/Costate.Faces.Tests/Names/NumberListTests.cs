using Costate.Faces.Names;

namespace Costate.Faces.Tests.Names;

public sealed class NumberListTests
{
    [Fact]
    public void Parse_HasEachNumberOnce() => Assert.Equal([1, 2.5, 0.5], NumberList.Parse("scales", "1,2.5,1,5e-1"));

    [Theory]
    [InlineData("-1")]
    [InlineData("1,0")]
    [InlineData("nan")]
    [InlineData("1,,2")]
    [InlineData("")]
    public void Parse_RefusesWhatIsNoScale(string text)
    {
        InputException error = Assert.Throws<InputException>(() => NumberList.Parse("scales", text));
        Assert.Contains("numbers above 0", error.Message);
    }
}
