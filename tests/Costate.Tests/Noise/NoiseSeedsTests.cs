using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class NoiseSeedsTests
{
    private static readonly Denoiser Linear = Denoiser.FromFunction((x, _, _) => x * 0.1, Prediction.Noise);

    [Fact]
    public void OneOfABatch_IsAStreamForEachItem_AndOneOfAnItem_IsItsOwn()
    {
        using var scope = NewDisposeScope();
        Tensor batch = StartNoise.Draw([3, 4], 7), items = StartNoise.Draw([3, 4], NoiseSeeds.OfItems(7, 8, 7));
        Assert.Equal(batch[0], items[0]);
        Assert.Equal(items[0], items[2]);
        Assert.NotEqual(batch[1], batch[0]);
        Assert.NotEqual(items[1], items[0]);
        Assert.Equal(items[1], StartNoise.Draw([1, 4], NoiseSeeds.OfItems(8))[0]);
        Assert.Equal(StartNoise.Draw([3, 4], 0), StartNoise.Draw([3, 4], default));
    }

    [Fact]
    public void OfAnotherNumberThanTheBatch_AreRefusedUnderTheirName()
    {
        using var scope = NewDisposeScope();
        Tensor x = StartNoise.Draw([3, 4], 1);
        Sampler stochastic = Of(Solver.SdeDpmSolver(1));
        NoiseSeeds two = NoiseSeeds.OfItems(1, 2);
        Refused("seed", () => StartNoise.Draw([3, 4], two));
        Refused("seed", () => stochastic.EncodeNoise(x, null, two));
        Refused("noise", () => stochastic.Sample(x, null, BrownianPath.PerStep(two)));
        Refused("noise", () => stochastic.Gradient(x, null, sample => sample.sum(1), noise: BrownianPath.Tree(two)));

        static void Refused(string name, Func<object> call)
        {
            InputException error = Assert.Throws<InputException>(call);
            Assert.Equal(name, error.ParamName);
            Assert.Contains("2 seeds for a batch of 3", error.Message, StringComparison.Ordinal);
        }
    }

    // A state that says the settings of a sampler, but is not of the kind that it draws.
    [Fact]
    public void StateOfAnotherKind_IsRefused()
    {
        using var scope = NewDisposeScope();
        Tensor x = StartNoise.Draw([1, 4], 1);
        Sampler reversible = Of(Solver.Rex(ButcherTableau.Euler)), plain = Of(Solver.Ddim());
        var pair = (ReversibleNoise)reversible.Invert(x);
        Refused(reversible, new InvertedNoise(x, ScalarType.Float32, reversible.Settings), nameof(ReversibleNoise));
        Refused(plain, new ReversibleNoise(pair.States, pair.Remainders, ScalarType.Float32, plain.Settings), "not reversible");
        Assert.Throws<InputException>(() => new ReversibleNoise([x], null, ScalarType.Float32, plain.Settings));

        static void Refused(Sampler sampler, NoiseState state, string expected) =>
            Assert.Contains(expected, Assert.Throws<InputException>(() => { sampler.Sample(state); }).Expected, StringComparison.Ordinal);
    }

    private static Sampler Of(Solver solver) => new(Linear, NoiseSchedule.VpLinear(), solver, TimeGrid.Uniform(4, 1, 0.05));
}
