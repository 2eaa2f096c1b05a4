using Costate.Experiments.Sharing;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Sharing;

public sealed class ArrayJobTests
{
    [Theory]
    [InlineData(
        "auto",
        "SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=13 SLURM_ARRAY_TASK_STEP=3 SLURM_ARRAY_TASK_COUNT=5",
        "3/5")]
    [InlineData(
        "auto",
        "SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=7 SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=8",
        "1/8")]
    [InlineData("auto", "SGE_TASK_ID=10 SGE_TASK_FIRST=2 SGE_TASK_LAST=10 SGE_TASK_STEPSIZE=4", "3/3")]
    [InlineData("auto", "AWS_BATCH_JOB_ARRAY_INDEX=9 AWS_BATCH_JOB_ARRAY_SIZE=10", "10/10")]
    [InlineData("auto/4", "AWS_BATCH_JOB_ARRAY_INDEX=3", "4/4")]
    [InlineData("auto/4", "JOB_COMPLETION_INDEX=0", "1/4")]
    [InlineData("auto/4", "PBS_ARRAY_INDEX=4", "4/4")]
    [InlineData("auto/2", "PBS_ARRAYID=1 SGE_TASK_ID=undefined", "1/2")]
    public void Part_IsCountedFromTheFirstIndexAndStep(string given, string environment, string expected)
    {
        using var scope = NewDisposeScope();
        var division = Division.Parse(given, Environment(environment));
        Assert.Equal(expected, division.Shard.ToString());

        // What is told has the index as it was found.
        Assert.Contains(environment.Split(' ')[0], division.Told!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("auto", "", "without an array job", "SLURM_ARRAY_TASK_ID")]
    [InlineData("auto", "SGE_TASK_ID=undefined", "without an array job")]
    [InlineData("auto", "JOB_COMPLETION_INDEX=3", "auto/N", "Kubernetes does not say")]
    [InlineData("auto/4", "JOB_COMPLETION_INDEX=4", "an index of 4 that begin with 0")]
    [InlineData("auto/4", "PBS_ARRAY_INDEX=0", "an index of 4 that begin with 1")]
    [InlineData("auto/4", "JOB_COMPLETION_INDEX=-1", "a whole number for JOB_COMPLETION_INDEX")]
    [InlineData("auto/4", "JOB_COMPLETION_INDEX=99999999999999999999", "a whole number")]
    [InlineData(
        "auto/4",
        "JOB_COMPLETION_INDEX=1 SLURM_ARRAY_TASK_ID=2",
        "several schedulers",
        "Slurm (SLURM_ARRAY_TASK_ID=2)",
        "Kubernetes (JOB_COMPLETION_INDEX=1)")]
    [InlineData("auto/8", "SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=3 SLURM_ARRAY_TASK_COUNT=1", "8 parts")]
    [InlineData(
        "auto",
        "SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=3",
        "at one distance")]
    [InlineData(
        "auto",
        "SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_STEP=0 SLURM_ARRAY_TASK_COUNT=9",
        "at one distance")]
    [InlineData("auto", "SGE_TASK_ID=3 SGE_TASK_FIRST=2 SGE_TASK_LAST=10 SGE_TASK_STEPSIZE=4", "an index of 3")]
    [InlineData("auto", "AWS_BATCH_JOB_ARRAY_INDEX=one AWS_BATCH_JOB_ARRAY_SIZE=10", "a whole number for AWS_BATCH_JOB_ARRAY_INDEX")]
    [InlineData("auto/0", "JOB_COMPLETION_INDEX=0", "Got auto/0")]
    [InlineData("auto/20000", "JOB_COMPLETION_INDEX=0", "at most 10000")]
    [InlineData("automatic", "JOB_COMPLETION_INDEX=0", "Got automatic")]
    public void Nonsense_IsRefusedWithWhatWasFound(string given, string environment, params string[] texts)
    {
        using var scope = NewDisposeScope();
        string message = Assert.Throws<InputException>(() => Division.Parse(given, Environment(environment))).Message;
        Assert.All(texts, text => Assert.Contains(text, message, StringComparison.Ordinal));
    }

    // A scheduler is not asked unless the user asks for it.
    [Fact]
    public void Environment_CountsOnlyWhenAsked()
    {
        using var scope = NewDisposeScope();
        Func<string, string?> slurm = Environment("SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_COUNT=4");
        Assert.Equal("3/8", Division.Parse("3/8", slurm).Shard.ToString());
        Assert.True(Division.Parse("dynamic", slurm).IsShared);
        Assert.Null(Division.Parse("1/1", slurm).Told);
    }

    private static Func<string, string?> Environment(string variables)
    {
        var all = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
        return name => all.GetValueOrDefault(name);
    }
}
