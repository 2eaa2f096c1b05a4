using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Tests.Evaluation;

public sealed class EvaluatedMethodTests
{
    private static readonly EvaluationSettings Settings = new() { LearningRate = 0.1 };

    // AdjointDEIS, table 2 and appendix H.2; the SDE encodes on its own 20 steps here.
    [Theory]
    [InlineData("source", 0)]
    [InlineData("dim-a", 350)]
    [InlineData("fast-dim", 300)]
    [InlineData("morph-pipe", 2350)]
    [InlineData("greedy-dim", 270)]
    [InlineData("adjoint-deis-1", 2250)]
    [InlineData("adjoint-deis-2", 2250)]
    [InlineData("discrete", 2250)]
    [InlineData("reversible", 2250)]
    [InlineData("adjoint-deis-sde", 2020)]
    [InlineData("adjoint-deis-1:m=5", 1500)]
    public void Evaluations_AreCountedAsPublished(string name, long evaluations) =>
        Assert.Equal(evaluations, EvaluatedMethod.Parse(name, Settings).Evaluations(Settings));

    [Fact]
    public void PublishedCounts_AreOurs() => Assert.All(
        EvaluatedMethod.All.Where(m => m.Published is not null && !m.IsStochastic),
        m => Assert.Equal(m.Published!.Evaluations, m.Evaluations(Settings)));

    [Theory]
    [InlineData("adjoint-deis-1:lr=0.10:m=20:trajectory=recorded:solver=dpm++2m", "adjoint-deis-1")]
    [InlineData("adjoint-deis-1:m=5:lr=1", "adjoint-deis-1:lr=1:m=5")]
    [InlineData("DISCRETE:solver=ddim", "discrete:solver=ddim")]
    [InlineData("adjoint-deis-1:trajectory=solved-backward", "adjoint-deis-1:trajectory=solved-backward")]
    public void Name_HasTheChangesThatMatter(string text, string name)
    {
        EvaluatedMethod method = EvaluatedMethod.Parse(text, Settings);
        Assert.Equal(name, method.Name);
        Assert.Equal(method.Name, EvaluatedMethod.Parse(method.Name, Settings).Name);
    }

    [Theory]
    [InlineData("nothing", "it must be one of: source")]
    [InlineData("dim-a:lr=1", "takes no changes")]
    [InlineData("discrete:lr=0", "lr=RATE")]
    [InlineData("discrete:m=5", "adjoint-deis")]
    [InlineData("adjoint-deis-1:trajectory=guessed", "solved-backward")]
    public void Wrong_IsRefused(string text, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => EvaluatedMethod.Parse(text, Settings)).Message);

    [Fact]
    public void Twice_IsRefused() =>
        Assert.Contains(
            "twice",
            Assert.Throws<InputException>(() => EvaluatedMethod.Parse(["discrete", "discrete:lr=0.1"], Settings)).Message);

    [Fact]
    public void Settings_ComeBack()
    {
        var settings = new EvaluationSettings
        {
            Candidates = 7,
            Probes = 6,
            EncodingSteps = 5,
            BlendSteps = 4,
            Blends = 3,
            Steps = 2,
            Iterations = 1,
            InnerSteps = 8,
            LearningRate = 0.3,
        };
        Assert.Equal(settings, EvaluationSettings.Of(settings.Describe(new Dictionary<string, Costate.Faces.Reports.Setting>())));
    }
}
