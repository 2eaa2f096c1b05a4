using static TorchSharp.torch;

namespace Costate.Tests.Guidance;

/// <summary>
/// A network whose answer to one item of a batch is NaN or infinite: that item is reported, and the others are bit for bit what they are
/// alone.
/// </summary>
public sealed class NetworkDivergenceTests
{
    private const int Bad = 1;

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear();
    private static readonly TimeGrid Grid = TimeGrid.UniformLogSnr(Schedule, 6, 0.9, 0.05);

    public static TheoryData<string> Ways => ["state", "data", "end-to-end", "euler-2", "unrolled", "recurrent", "greedy-dim", "red-diff"];

    [Theory]
    [MemberData(nameof(Ways))]
    public void OneItem_LeavesTheOthersAlone(string way)
    {
        foreach ((double from, double value) in ((double, double)[])[(1, double.NaN), (0.5, double.NaN), (0.5, double.PositiveInfinity)])
        {
            using var scope = NewDisposeScope();
            Tensor start = StartNoise.Draw([3, 4], 5);
            GuidedSample together = Run(way, Net((x, t) => (t <= from) & Marked(x), value), start);
            DivergedItem diverged = Assert.Single(together.Diverged);
            Assert.Equal(Bad, diverged.Item);
            Assert.Equal(Grid.Times[diverged.Step], diverged.Time);
            Assert.True(together.Sample[Bad].isnan().all().item<bool>() && together.Loss[Bad].isnan().item<bool>());
            foreach (int item in (int[])[0, 2])
            {
                GuidedSample alone = Run(way, Net((_, _) => zeros(1, 1, ScalarType.Bool), value), start.narrow(0, item, 1), (ulong)item);
                Assert.Empty(alone.Diverged);
                Assert.Equal(alone.Sample[0].data<float>().ToArray(), together.Sample[item].data<float>().ToArray());
                Assert.Equal(alone.Loss[0].item<float>(), together.Loss[item].item<float>());
                Assert.Equal(
                    alone.StepLosses[TensorIndex.Colon, 0].contiguous().data<float>().ToArray(),
                    together.StepLosses[TensorIndex.Colon, item].contiguous().data<float>().ToArray());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void ANetworkThatAnswersNoItemAtFirst_IsAnError(string way)
    {
        using var scope = NewDisposeScope();
        Denoiser broken = Denoiser.FromFunction((x, _, _) => x * double.NaN, Prediction.Data);
        string message = Assert.Throws<InvalidOperationException>(() => Run(way, broken, StartNoise.Draw([3, 4], 5))).Message;
        Assert.Contains("at step 0", message, StringComparison.Ordinal);

        // Once it has answered, what comes later is divergence, even of all.
        GuidedSample late = Run(
            way,
            Net((x, t) => (t < 0.5) & ones_like(x, dtype: ScalarType.Bool).any(1, true), double.NaN),
            StartNoise.Draw([3, 4], 5));
        Assert.Equal(3, late.Diverged.Count);
    }

    // A loss that is NaN for one item on the way.
    [Theory]
    [InlineData("state")]
    [InlineData("data")]
    [InlineData("end-to-end")]
    public void OneItemsLoss_LeavesTheOthersAlone(string way)
    {
        using var scope = NewDisposeScope();
        Tensor start = StartNoise.Draw([3, 4], 5);
        int calls = 0;
        Tensor Lost(Tensor x) => Loss(x) * tensor(new[] { 1, calls++ > 2 ? float.NaN : 1, 1 });
        GuidedSample calm = Run(way, Net((_, _) => zeros(3, 1, ScalarType.Bool), 0), start);
        GuidedSample guided = Sampler(way, Net((_, _) => zeros(3, 1, ScalarType.Bool), 0)).Sample(start, null, Lost, Seeds(3, 0));
        Assert.Equal(Bad, Assert.Single(guided.Diverged).Item);
        foreach (int item in (int[])[0, 2])
        {
            Assert.Equal(calm.Sample[item].data<float>().ToArray(), guided.Sample[item].data<float>().ToArray());
        }
    }

    private static GuidedSample Run(string way, Denoiser net, Tensor start, ulong firstSeed = 0) => way switch
    {
        "greedy-dim" => new GreedyDim(net, Schedule, Grid, new() { InnerSteps = 4 }).Sample(start, null, Loss),
        "red-diff" => new RedDiff(net, Schedule, Grid).Sample(start, null, Loss, Seeds(start.shape[0], firstSeed)),
        _ => Sampler(way, net).Sample(start, null, Loss, Seeds(start.shape[0], firstSeed)),
    };

    private static GuidedSampler Sampler(string way, Denoiser net) => new(net, Schedule, Grid, way switch
    {
        "state" => new() { StateStrength = 0.1, Eta = 1 },
        "data" => new() { DataStrength = 0.1, Iterations = 2 },
        "end-to-end" => new() { StateStrength = 0.1, Lookahead = Lookahead.EndToEnd() },
        "euler-2" => new() { StateStrength = 0.1, Lookahead = Lookahead.Euler(2), Normalization = GuidanceNormalization.RmsToNoise },
        "unrolled" => new() { StateStrength = 0.1, Lookahead = Lookahead.Euler(2) with { Method = GradientMethod.Unrolled() } },
        _ => new()
        {
            StateStrength = 0.1,
            DataStrength = 0.1,
            Recurrences = 2,
            Smoothing = 0.1,
            SmoothingDraws = 2,
            Normalization = GuidanceNormalization.Loss,
        },
    });

    private static ulong[] Seeds(long batch, ulong first) => [.. Enumerable.Range(0, (int)batch).Select(i => first + (ulong)i)];

    // Entry by entry, so that its bits do not depend on the batch; what it answers where it is told to is another value.
    private static Denoiser Net(Func<Tensor, double, Tensor> failing, double value) => Denoiser.FromFunction(
        (x, t, _) => where(failing(x, t[0].item<float>()).expand(x.shape), full_like(x, value), (x * 0.5).tanh()), Prediction.Data);

    private static Tensor Marked(Tensor x) => arange(x.shape[0]).unsqueeze(1).eq(Bad);

    private static Tensor Loss(Tensor x) => ((x - 0.3).square() * 0.5).sum(1);
}
