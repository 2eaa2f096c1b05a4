using Costate.Experiments.Boltzmann;
using Costate.Experiments.Evaluation;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Boltzmann;

public sealed class BoltzmannStudyTests
{
    [Fact]
    public void Flow_OfTheDoubleWell_IsRightByItsWeights()
    {
        using var folder = new TemporaryFolder();
        var kept = new MeasurementFolder(folder.FullName, BoltzmannFiles.Study);
        kept.Begin();
        var study = new BoltzmannStudy(kept, quick: true, default);
        BoltzmannSystem system = study.Systems.Single();
        ChainsPoint chains = study.Chains(system).Measure(_ => { });
        FlowPoint flow = study.Flow(system).Measure(_ => { });
        BoltzmannPoint point = study.Samples(system, flow)[0].Measure(_ => { });

        // By quadrature 0.854 and 0.283; a few hundred samples.
        Assert.Equal(0.854, chains.MeanEnergy, 0.15);
        Assert.True(flow.Losses.TakeLast(20).Average() < flow.Losses.Take(20).Average() - 0.02);
        Assert.True(Math.Abs(point.LogZ - system.LogZ!.Value) < 4 * point.LogZError, $"{point.LogZ} +- {point.LogZError}");
        Assert.True(point.WeightedEnergyDistance < point.EnergyDistance / 2, $"{point}");
        Assert.Equal(20, point.Evaluations);
    }

    [Fact]
    public void Network_TurnsAndChangesPlacesWithParticles()
    {
        using var scope = NewDisposeScope();
        using var flow = new BoltzmannFlow(new LennardJonesParticles(), 1);
        foreach (TorchSharp.Modules.Parameter last in flow.Network.parameters().TakeLast(2))
        {
            using IDisposable noGraph = no_grad();
            last.fill_(0.3);
        }

        using IDisposable plain = no_grad();
        Tensor x = flow.Start(3, 1), t = tensor([0.2f, 0.5f, 0.9f]), order = tensor([3L, 1, 2, 0, 5, 4, 12, 7, 8, 9, 10, 11, 6]);
        Tensor turn = linalg.qr(StartNoise.Draw([3, 3], 2)).Q, answer = Places(flow.Network.call(x, t));
        Tensor turned = flow.Network.call(Places(x).index_select(1, order).matmul(turn).reshape(3, 39), t);

        // Rounding in 32 bits.
        Assert.True((Places(turned) - answer.index_select(1, order).matmul(turn)).abs().max().item<float>() < 1e-4);
        Assert.True(answer.mean([1L]).abs().max().item<float>() < 1e-5);
        Assert.True(answer.abs().max().item<float>() > 0.1);

        static Tensor Places(Tensor flat) => flat.reshape(3, 13, 3);
    }

    [Fact]
    public void Quantiles_AreThoseOfRepeatedNumbers()
    {
        Assert.Equal([1, 2, 3], Transport.Quantiles([3, 1, 2], null, 3));
        Assert.Equal(Transport.Quantiles([1, 1, 1, 5], null, 40), Transport.Quantiles([5, 1, 9], [1, 3, 0], 40));
        Assert.Equal(2, Transport.Distance([1, 2], [3, 4]));
    }

    [Fact]
    public void Chains_AreTheSameEveryTime_AndCentred()
    {
        var chains = new MetropolisChains(4, 50, 20, 2);
        var system = new DoubleWellParticles();
        ChainStates first = chains.Run(system, 3, _ => { }, default), other = chains.Run(system, 4, _ => { }, default);
        Assert.Equal(first.Values, chains.Run(system, 3, _ => { }, default).Values);
        Assert.NotEqual(first.Values, other.Values);
        Assert.Equal(0, first.Values.Take(8).Where((_, i) => i % 2 == 0).Sum(), 1e-12);
        Assert.InRange(first.Acceptance, 0.01, 0.3);
    }
}
