using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class FlowEditTests
{
    // Data N(z, s^2) under condition z: the velocity of the flow is known, and its difference between two conditions is a shift.
    private const double Deviation = 0.5;

    [Theory]
    [InlineData(Prediction.Flow)]
    [InlineData(Prediction.Data)]
    public void Sample_MovesFromOneConditionToAnother(Prediction prediction)
    {
        using var scope = NewDisposeScope();
        var edit = new FlowEdit(Network(prediction), TimeGrid.Uniform(200, 1, 0), draws: 2);
        Tensor own = full([3, 2], 1.0, ScalarType.Float64), wanted = full([3, 2], -2.0, ScalarType.Float64);
        Tensor x0 = own + (Deviation * StartNoise.Draw([3, 2], 1, ScalarType.Float64)), edited = edit.Edit(x0, own, wanted, seed: 2);

        // Of a Gaussian the whole difference of the means, along a straight line, which Euler's steps follow exactly.
        Near.Equal(x0 - 3, edited, 1e-10);
        Near.Equal(edited.narrow(0, 1, 1), edit.Edit(x0, own, wanted, seed: 2).narrow(0, 1, 1), 0);
    }

    [Fact]
    public void OwnCondition_LeavesTheSampleToTheBit()
    {
        using var scope = NewDisposeScope();
        Tensor own = ones(3, 2, ScalarType.Float64), x0 = StartNoise.Draw([3, 2], 1, ScalarType.Float64);
        Tensor edited = new FlowEdit(Network(Prediction.Flow), TimeGrid.Uniform(7, 0.8, 0)).Edit(x0, own, own);

        // At z_new = x + z_own - x0 the difference is rounded once.
        Near.Equal(x0, edited, 1e-14);
    }

    [Fact]
    public void Step_IsThePublishedOne()
    {
        using var scope = NewDisposeScope();
        Denoiser network = Network(Prediction.Flow);
        Tensor own = ones(1, 2, ScalarType.Float64), wanted = zeros(1, 2, ScalarType.Float64), x0 = full([1, 2], 0.4, ScalarType.Float64);
        Tensor n = new PerStepNoise(5).Draw(0, [1, 2], ScalarType.Float64, CPU);
        Tensor noisy = (0.2 * x0) + (0.8 * n);
        Tensor expected = x0 - (0.3 * (Velocity(noisy, 0.8, wanted) - Velocity(noisy, 0.8, own)));
        Near.Equal(expected, new FlowEdit(network, TimeGrid.FromTimes([0.8, 0.5])).Edit(x0, own, wanted, seed: 5), 1e-14);
    }

    [Fact]
    public void BadInput_IsRefused()
    {
        using var scope = NewDisposeScope();
        Denoiser network = Network(Prediction.Flow);
        Assert.Throws<InputException>(() => new FlowEdit(network, TimeGrid.Uniform(5, 1, 0).Reversed()));
        Assert.Throws<InputException>(() => new FlowEdit(network, TimeGrid.Uniform(5, 1, 0), draws: 0));
        Assert.ThrowsAny<ArgumentException>(
            () => new FlowEdit(network, TimeGrid.Uniform(5, 1, 0)).Edit(full([1, 2], double.NaN, ScalarType.Float64), null, null));
    }

    private static Denoiser Network(Prediction prediction) => Denoiser.FromFunction(
        (Tensor x, Tensor t, Tensor? z) =>
        {
            double time = t[0].ToDouble();
            Tensor velocity = Velocity(x, time, z!);
            return prediction == Prediction.Flow ? velocity : x - (time * velocity);
        },
        prediction);

    // E[n - x0 | x], with x = (1 - t) x0 + t n.
    private static Tensor Velocity(Tensor x, double t, Tensor z)
    {
        double variance = Math.Pow((1 - t) * Deviation, 2) + (t * t);
        Tensor from = x - ((1 - t) * z);
        return (from * ((t - ((1 - t) * Deviation * Deviation)) / variance)) - z;
    }
}
