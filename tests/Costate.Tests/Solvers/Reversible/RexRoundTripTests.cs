using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class RexRoundTripTests
{
    private readonly Mixture mixture = Mixture.Load();

    // Every bit of both start states comes back: two words carry the states, and the network sees the same inputs. Long runs of two
    // tableaus: a step undoes what it did, whatever the tableau, and only the number of steps is different.
    [Theory]
    [MemberData(nameof(RexTests.Tableaus), MemberType = typeof(RexTests))]
    public void RoundTrip_IsExact(string name)
    {
        foreach (Prediction prediction in new[] { Prediction.Noise, Prediction.Data })
        {
            foreach (
                int steps in (int[])((name, prediction) is ("euler", _) or ("midpoint", Prediction.Data) ? [10, 100, 1000] : [10, 100]))
            {
                Assert.Equal(0, RoundTrip(Solver.Rex(ButcherTableauTests.Named(name), prediction: prediction), steps, null));
            }
        }
    }

    [Theory]
    [InlineData("euler-maruyama", Prediction.Data)]
    [InlineData("euler-maruyama", Prediction.Noise)]
    [InlineData("shark", Prediction.Data)]
    public void RoundTrip_OfAnSde_IsExact(string name, Prediction prediction)
    {
        foreach (int steps in (int[])(name == "shark" ? [10, 100] : [10, 100, 1000]))
        {
            Assert.Equal(0, RoundTrip(Solver.Rex(ButcherTableauTests.Named(name), prediction: prediction), steps, BrownianPath.PerStep(9)));
        }
    }

    // Rounded to 64 bits, the end states do not determine the start any more: going back amplifies what they lost.
    [Theory]
    [InlineData("euler", Prediction.Noise, 1e-16, 1e-13)]
    [InlineData("euler-maruyama", Prediction.Noise, 1e-14, 1e-10)]
    [InlineData("euler-maruyama", Prediction.Data, 1e-14, 1e-10)]
    public void RoundTrip_OfRoundedEndStates_IsNot(string name, Prediction prediction, double least, double most) =>
        Assert.InRange(
            RoundTrip(Solver.Rex(ButcherTableauTests.Named(name), prediction: prediction), 100, BrownianPath.PerStep(9), rounds: true),
            least,
            most);

    [Theory]
    [InlineData("euler", Prediction.Data, 100)]
    [InlineData("euler", Prediction.Noise, 100)]
    [InlineData("midpoint", Prediction.Data, 100)]
    [InlineData("rk4", Prediction.Data, 100)]
    [InlineData("rk4", Prediction.Noise, 100)]
    [InlineData("tsit5", Prediction.Data, 10)]
    [InlineData("tsit5", Prediction.Noise, 10)]
    [InlineData("euler-maruyama", Prediction.Data, 100)]
    [InlineData("euler-maruyama", Prediction.Noise, 100)]
    [InlineData("shark", Prediction.Data, 100)]
    public void RoundTrip_OfA32BitNetwork_IsExact_FromNearlyEveryStart(string name, Prediction prediction, int steps)
    {
        // The network sees its inputs rounded to 32 bits: where a state came back in other last bits, now and then the rounding would tip.
        using var scope = NewDisposeScope();
        const int Starts = 2000;
        Solver solver = Solver.Rex(ButcherTableauTests.Named(name), prediction: prediction);
        var sampler = new Sampler(mixture.Denoiser(), mixture.Schedule, solver, TimeGrid.UniformLogSnr(mixture.Schedule, steps, 1, 1e-3));
        (Tensor x, Tensor z) = (StartNoise.Draw([Starts, 2], 8), mixture.ConditionTensor(Starts).to(ScalarType.Float32));
        Tensor distances = Distances(sampler, x, z, BrownianPath.PerStep(9));
        double bound = prediction == Prediction.Noise ? 1e-13 : 1e-11;
        Assert.InRange(distances.le(bound).sum().item<long>(), 0.999 * Starts, Starts);
    }

    private double RoundTrip(Solver solver, int steps, BrownianPath? noise, bool rounds = false)
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(mixture.Denoiser(), mixture.Schedule, solver, TimeGrid.UniformLogSnr(mixture.Schedule, steps, 1, 1e-3));
        return Distances(sampler, mixture.StartTensor(), mixture.ConditionTensor(), noise, rounds).item<double>();
    }

    // Forward, then back: for each item, the largest distance of both recovered states from the start, relative to the largest state, in
    // the coupled variable Y = x/kappa.
    private static Tensor Distances(Sampler sampler, Tensor x, Condition? z, BrownianPath? noise, bool rounds = false)
    {
        var clock = new IntegrationClock(((Rex)sampler.Solver).Prediction, sampler.Solver.IsStochastic);
        double Kappa(double time) => clock.Kappa(SchedulePoint.At(sampler.Schedule, time));
        SamplingRun run = RexRun.Begin(sampler, x, z, noise);
        Tensor largest = zeros(x.shape[0], ScalarType.Float64);
        using LiveSet end = RexRun.EndStates(
            run,
            (row, state) => maximum_(largest, state.abs().amax([1L]) / Kappa(sampler.Table.Rows[row].Time)));
        if (rounds)
        {
            LiveSet.Drop(end.Remainders, _ => true);
        }

        using var sweep = new TableReversal(
            run,
            end.Share(),
            (row, state) => run.Evaluate(state, sampler.Table.Rows[row].At, z?.At(sampler.Table.Rows[row].At)));
        for (int row = sampler.Table.Rows.Count - 1; row > 0; row--)
        {
            sweep.Undo(row);
        }

        Tensor start = x.to(ScalarType.Float64);
        Tensor distance = stack(sampler.Table.Reversal!.Start.Select(row => (sweep.State(row) - start).abs().amax([1L]))).amax([0L]);
        return distance / Kappa(sampler.Grid.Start) / largest;

        static void maximum_(Tensor into, Tensor other) => into.copy_(maximum(into, other));
    }
}
