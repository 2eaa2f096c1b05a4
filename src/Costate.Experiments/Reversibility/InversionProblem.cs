using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Reversibility;

/// <summary>Something to invert: a network, samples and start noise. Its network computes in 32 bits, whatever the states are.</summary>
internal abstract class InversionProblem : IDisposable
{
    private protected InversionProblem(string id, string label, string remark, Prediction prediction, int? trainingTimesteps, double work)
    {
        (Id, Label, Remark, Prediction, Work) = (id, label, remark, prediction, work);
        Denoiser = Costate.Denoiser.FromFunction(InSingle, prediction, trainingTimesteps: trainingTimesteps);
    }

    /// <summary>Its name in the JSON report.</summary>
    internal string Id { get; }

    /// <summary>Its name in tables.</summary>
    internal string Label { get; }

    /// <summary>What it is.</summary>
    internal string Remark { get; }

    internal Prediction Prediction { get; }

    /// <summary>The time of an evaluation relative to that of the mixture, to plan the time.</summary>
    internal double Work { get; }

    /// <summary>Numbers of steps of a quick study.</summary>
    internal virtual IReadOnlyList<int> QuickSteps => InversionStudy.QuickSteps;

    internal abstract NoiseSchedule Schedule { get; }

    internal Denoiser Denoiser { get; }

    /// <summary>x0, [batch, ...]: float32 values in float64.</summary>
    internal abstract Tensor Data { get; }

    /// <summary>x_T, [batch, ...]: float32 values in float64.</summary>
    internal abstract Tensor Noise { get; }

    /// <summary>z, [batch, ...], or null.</summary>
    internal virtual Tensor? Condition => null;

    /// <summary>The grid of a run.</summary>
    internal TimeGrid Grid(int steps) => TimeGrid.UniformLogSnr(Schedule, steps, 1, 1e-3);

    public abstract void Dispose();

    /// <summary>The network; x and t hold float32 values.</summary>
    private protected abstract Tensor Network(Tensor x, Tensor t, Tensor? z);

    /// <summary>Rounds to float32 values in a tensor of 64 bits, and moves it out of any scope.</summary>
    private protected static Tensor Rounded(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        return x.to(ScalarType.Float32).to(ScalarType.Float64).DetachFromDisposeScope();
    }

    private Tensor InSingle(Tensor x, Tensor t, Tensor? z)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor output = Network(x.to(ScalarType.Float32), t.to(ScalarType.Float32), z);
        return output.to(ScalarType.Float32).to(x.dtype, copy: true).MoveToOuterDisposeScope();
    }
}
