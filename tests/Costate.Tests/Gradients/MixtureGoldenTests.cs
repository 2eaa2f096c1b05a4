using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Samples and gradients against those of the continuous ODE.</summary>
public sealed class MixtureGoldenTests
{
    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Goldens.PathTo(), "mixture*.json").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void SampleAndGradient_AreThoseOfTheOde(string file)
    {
        using var scope = NewDisposeScope();
        Mixture mixture = Mixture.Load(Goldens.PathTo(file));
        TimeGrid grid = TimeGrid.UniformLogSnr(mixture.Schedule, 400, mixture.GridStart, mixture.GridEnd);
        var sampler = new Sampler(mixture.Denoiser(), mixture.Schedule, Solver.DpmSolverSinglestep(3), grid);
        SampleGradient gradient = sampler.Gradient(mixture.StartTensor(), mixture.ConditionTensor(), mixture.Loss);

        // A solver of third order: 3e-7 of the gradient at 400 steps.
        Near.Equal(tensor(mixture.Sample).unsqueeze(0), gradient.Sample, 1e-6);
        Near.Equal(tensor(mixture.StartGradient).unsqueeze(0), gradient.StartNoise, 1e-6);
        Near.Equal(tensor(mixture.ConditionGradient).unsqueeze(0), gradient.Condition!, 1e-6);
    }
}
