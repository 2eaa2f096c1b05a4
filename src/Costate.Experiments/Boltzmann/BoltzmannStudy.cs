using Costate.Experiments.Evaluation;
using Costate.Faces;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Boltzmann;

/// <summary>
/// Trains small flows on states of chains, and measures what samples of theirs are worth when each is weighted by the density that the
/// solver gives it.
/// </summary>
/// <remarks>Half of the chains teach; the other half is what samples are compared with.</remarks>
internal sealed class BoltzmannStudy(MeasurementFolder folder, bool quick, CancellationToken cancellationToken)
{
    private const int Seed = 1;

    // Bytes of states at once: what a few hundred rows of a Jacobian take, whose graphs stay in the processor's cache.
    private const long MemoryBudget = 1L << 18;

    internal IReadOnlyList<BoltzmannSystem> Systems => quick ? [.. BoltzmannSystem.All.Take(1)] : BoltzmannSystem.All;

    /// <summary>How a system is sampled.</summary>
    internal IReadOnlyList<BoltzmannSampling> Samplings(BoltzmannSystem system) =>
        quick ? [.. system.Samplings.Take(1)] : system.Samplings;

    /// <summary>Runs the chains of a system, whose states are kept in a file.</summary>
    internal PlannedMeasurement<ChainsPoint> Chains(BoltzmannSystem system) => new($"chains {system.Name}", 0.2, progress =>
    {
        using var clock = new ProcessorClock();
        MetropolisChains chains = quick ? new(200, 500, 200, 4) : system.Chains;
        ChainStates states = chains.Run(system, Seed, progress, cancellationToken);
        using DisposeScope scope = NewDisposeScope();
        Tensor all = tensor(states.Values, [chains.Looks, chains.Chains, system.Numbers]);
        SafetensorsFile.Write(StatesFile(system), new Dictionary<string, Tensor> { ["states"] = all });
        SystemSamples[] sets = [.. Reference(system, all)];
        double[] energies = [.. sets.SelectMany(set => set.Energies)];
        double mean = energies.Average();
        return new ChainsPoint
        {
            System = system.Name,
            Chains = chains.Chains,
            Acceptance = states.Acceptance,
            MeanEnergy = mean,
            EnergyDeviation = Math.Sqrt(energies.Average(energy => (energy - mean) * (energy - mean))),
            MeanPairDistance = sets.Average(set => set.Distances.Average()),
            EnergyFloor = Pairs(sets).Average(pair => pair.One.EnergyDistance(pair.Other)),
            PairFloor = Pairs(sets).Average(pair => pair.One.PairDistance(pair.Other)),
            Seconds = clock.Seconds,
        };
    });

    /// <summary>Trains the flow of a system, whose weights are kept in a file.</summary>
    internal PlannedMeasurement<FlowPoint> Flow(BoltzmannSystem system) => new($"flow {system.Name}", 1, progress =>
    {
        using var clock = new ProcessorClock();
        using DisposeScope scope = NewDisposeScope();
        Tensor all = States(system), taught = all.narrow(1, 0, all.shape[1] / 2).reshape(-1, system.Numbers);
        double scale = system.Particles == 1 ? 1 : taught.square().mean().sqrt().item<double>();
        FlowTraining training = quick ? system.Training with { Steps = 300 } : system.Training;
        using var flow = new BoltzmannFlow(system, scale);
        IReadOnlyList<double> losses = training.Run(
            flow.Network, (taught / scale).to(ScalarType.Float32), system.Subspace, progress, cancellationToken);
        SafetensorsFile.Write(
            WeightsFile(system), flow.Network.named_parameters().Select(each => KeyValuePair.Create(each.name, (Tensor)each.parameter)));
        long parameters = flow.Network.parameters().Sum(parameter => parameter.numel());
        return new FlowPoint(system.Name, parameters, training.Steps, scale, losses, clock.Seconds);
    });

    /// <summary>Samples of a flow by each solver.</summary>
    internal IReadOnlyList<PlannedMeasurement<BoltzmannPoint>> Samples(BoltzmannSystem system, FlowPoint trained) =>
    [
        .. Samplings(system).Select(each => new PlannedMeasurement<BoltzmannPoint>(
            $"samples {system.Name} {each.Label} {each.Steps}", each.Work, _ => Sample(system, trained, each))),
    ];

    private BoltzmannPoint Sample(BoltzmannSystem system, FlowPoint trained, BoltzmannSampling sampling)
    {
        using var clock = new ProcessorClock();
        using DisposeScope scope = NewDisposeScope();
        using var flow = new BoltzmannFlow(system, trained.Scale);
        Load(flow.Network, WeightsFile(system));
        int count = quick ? 200 : system.Samples;
        Sampler sampler = flow.Sampler(sampling.Solver, sampling.Steps);
        Tensor start = flow.Start(count, Seed);
        DensitySample drawn = sampler.LogDensity(
            start, null, StartDensity.Normal(), system.Subspace, MemoryBudget, cancellationToken: cancellationToken);
        double[] states = [.. (drawn.Sample.to(ScalarType.Float64) * trained.Scale).data<double>()];
        SystemSamples samples = new(system, states);
        Tensor logWeights = -tensor(samples.Energies) - drawn.LogDensity + (system.Freedom * Math.Log(trained.Scale));
        var weights = new ImportanceWeights(logWeights);
        SystemSamples weighted = samples with { Weights = weights.Normalized };
        SystemSamples[] reference = [.. Reference(system, States(system))];
        return new BoltzmannPoint
        {
            System = system.Name,
            Solver = sampling.Label,
            Steps = sampling.Steps,
            Evaluations = Evaluations(sampler, start),
            Samples = count,
            EffectiveFraction = weights.EffectiveFraction,
            LogZ = weights.LogZ,
            LogZError = weights.LogZError,
            EnergyDistance = reference.Average(samples.EnergyDistance),
            WeightedEnergyDistance = reference.Average(weighted.EnergyDistance),
            PairDistance = reference.Average(samples.PairDistance),
            WeightedPairDistance = reference.Average(weighted.PairDistance),
            Folds = drawn.Folded.Count,
            Seconds = clock.Seconds,
        };
    }

    private static long Evaluations(Sampler sampler, Tensor start)
    {
        long count = 0;
        sampler.Sample(start.narrow(0, 0, 1), progress: new Listener<StepProgress>(_ => count++));
        return count;
    }

    private Tensor States(BoltzmannSystem system)
    {
        using SafetensorsFile file = SafetensorsFile.Open(StatesFile(system));
        return file.Read("states");
    }

    // The looks at the chains that have taught nothing, each a set of states that are independent of each other.
    private static IEnumerable<SystemSamples> Reference(BoltzmannSystem system, Tensor states)
    {
        long half = states.shape[1] / 2;
        for (long look = 0; look < states.shape[0]; look++)
        {
            using Tensor its = states[look].narrow(0, half, half).contiguous();
            yield return new SystemSamples(system, [.. its.data<double>()]);
        }
    }

    private static IEnumerable<(SystemSamples One, SystemSamples Other)> Pairs(SystemSamples[] sets) =>
        Enumerable.Range(0, sets.Length / 2).Select(i => (sets[i], sets[i + (sets.Length / 2)]));

    private static void Load(nn.Module network, string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        using IDisposable noGraph = no_grad();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in network.named_parameters())
        {
            using Tensor stored = file.Read(name);
            parameter.copy_(stored);
        }
    }

    private string StatesFile(BoltzmannSystem system) => folder.PathOf($"states-{system.Name}.safetensors");

    private string WeightsFile(BoltzmannSystem system) => folder.PathOf($"flow-{system.Name}.safetensors");
}
