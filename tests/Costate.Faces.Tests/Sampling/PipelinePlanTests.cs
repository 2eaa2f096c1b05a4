using Costate.Faces.Sampling;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Sampling;

public sealed class PipelinePlanTests
{
    // A reversible solver in equal steps of the log-SNR, another in the scheduler's own.
    [Theory]
    [InlineData("rex:midpoint")]
    [InlineData("ddim")]
    public void Plan_StepsAsThePipelineItself(string solver)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string model = TinyTextModel.Write(folder.PathTo("text"));
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(model);
        SamplingPlan plan = SamplingPlan.FromPipeline(model, scheduler: null, prediction: null, steps: 5, solver, strength: 1, size: null);
        Assert.Equal(pipeline.Sampler(5, solver: plan.Solver).Grid.Times, plan.Grid.Times);
    }
}
