using Costate.Experiments.Files;

namespace Costate.Experiments.Tests.Files;

public sealed class CsvTests
{
    [Theory]
    [InlineData("judge_1_source_a", "judge-1", "source a")]
    [InlineData("attack_to_a", "attack", "to A")]
    [InlineData("x", "--x--")]
    public void Columns_AreInSnakeCase(string column, params string[] words) => Assert.Equal(column, Csv.Column(words));

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"a\"", "\"say \"\"a\"\"\"")]
    [InlineData("two\nlines", "\"two\nlines\"")]
    public void Values_AreQuotedWhereTheyMust(string text, string quoted) => Assert.Equal(quoted, Csv.Quoted(text));
}
