using Costate.Faces.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Boltzmann;

/// <summary>How a small flow is trained on states whose numbers have mean 0 and variance 1.</summary>
internal sealed record FlowTraining
{
    private const double LargestNorm = 1;

    /// <summary>Steps of the optimiser.</summary>
    internal required int Steps { get; init; }

    /// <summary>States a step.</summary>
    internal required int Batch { get; init; }

    /// <summary>Of the network's layers.</summary>
    internal required int Width { get; init; }

    /// <summary>The greatest, soon after the start; it falls to 0 as a cosine.</summary>
    internal double LearningRate { get; init; } = 2e-3;

    /// <summary>The schedule of all flows.</summary>
    internal static NoiseSchedule Schedule { get; } = NoiseSchedule.VpLinear(0.1, 20);

    internal const double Begin = 1;
    internal const double End = 1e-3;

    /// <summary>Trains a network to predict velocities, the half log-SNR spread evenly over that of the grid.</summary>
    /// <param name="network">From states and times.</param>
    /// <param name="states">[states, numbers], 32 bits.</param>
    /// <param name="subspace">That they live in.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellationToken">Looked at before each step.</param>
    /// <returns>The loss, a mean over each hundredth of the steps.</returns>
    internal IReadOnlyList<double> Run(
        nn.Module<Tensor, Tensor, Tensor> network,
        Tensor states,
        Subspace? subspace,
        Action<double> progress,
        CancellationToken cancellationToken)
    {
        using var optimiser = new AdamW(network.parameters(), weightDecay: 0);
        int part = Math.Max(1, Steps / 100);
        List<double> losses = [];
        double sum = 0;
        for (int step = 0; step < Steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            sum += Step(network, states, subspace, (ulong)step);
            optimiser.ClipGradients(LargestNorm);
            optimiser.Step(LearningRate * Math.Min(1, (step + 1) / 200.0) * 0.5 * (1 + Math.Cos(Math.PI * step / Steps)));
            if ((step + 1) % part == 0)
            {
                losses.Add(sum / part);
                sum = 0;
                progress((step + 1.0) / Steps);
            }
        }

        return losses;
    }

    private double Step(nn.Module<Tensor, Tensor, Tensor> network, Tensor states, Subspace? subspace, ulong seed)
    {
        var random = new Random(unchecked((int)seed));
        Tensor chosen = tensor([.. Enumerable.Range(0, Batch).Select(_ => random.NextInt64(states.shape[0]))]);
        (double first, double last) = (Schedule.HalfLogSnr(Begin), Schedule.HalfLogSnr(End));
        double shift = random.NextDouble();
        double[] times =
        [
            .. Enumerable.Range(0, Batch).Select(i => Schedule.TimeAtHalfLogSnr(first + ((last - first) * ((i + shift) / Batch)))),
        ];
        Tensor alpha = Column(times.Select(Schedule.Alpha)), sigma = Column(times.Select(Schedule.Sigma));
        Tensor data = states.index_select(0, chosen), noise = StartNoise.Draw(data.shape, seed);
        noise = subspace?.Project(noise) ?? noise;
        Tensor velocity = network.call((alpha * data) + (sigma * noise), tensor([.. times.Select(t => (float)t)]));
        Tensor loss = (velocity - ((alpha * noise) - (sigma * data))).square().mean();
        loss.backward();
        return loss.item<float>();
    }

    private static Tensor Column(IEnumerable<double> values) => tensor([.. values.Select(value => (float)value)]).unsqueeze(1);
}
