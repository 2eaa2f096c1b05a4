using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Faces.Tests;

public sealed class RunWatchTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear();

    [Fact]
    public void Watch_SeesPredictions_AndChangesNoBit()
    {
        using var scope = NewDisposeScope();
        Denoiser denoiser = Denoiser.FromFunction((x, t, _) => x.tanh(), Prediction.Noise);
        using var model = new Model("formula", denoiser, Schedule);
        var watch = new Watch();
        using Model watched = watch.Over(model);
        Tensor start = StartNoise.Draw([2, 3, 4, 4], 1);
        Tensor plain = SamplerOf(model).Sample(start), seen = SamplerOf(watched).Sample(start);
        Assert.Equal(plain, seen);
        Assert.Equal(6, watch.Evaluations);

        // The first prediction is shown at once: (x - sigma eps) / alpha at time 1.
        Tensor expected = (start - (Schedule.Sigma(1) * start.tanh())) / Schedule.Alpha(1);
        Assert.True(watch.First!.allclose(expected, rtol: 1e-5, atol: 1e-4));
        watch.First.Dispose();
    }

    [Fact]
    public void Watch_OfAGradient_ChangesNoBit()
    {
        using var scope = NewDisposeScope();
        Denoiser denoiser = Denoiser.FromFunction((x, t, _) => x.tanh(), Prediction.Noise);
        using var model = new Model("formula", denoiser, Schedule);
        var watch = new Watch();
        using Model watched = watch.Over(model);
        Tensor start = StartNoise.Draw([1, 1, 4, 4], 1);
        SampleGradient Gradient(Model its) => SamplerOf(its).Gradient(start, null, x => x.square().sum([1, 2, 3]));
        Assert.Equal(Gradient(model).StartNoise, Gradient(watched).StartNoise);
        watch.First!.Dispose();
    }

    private static Sampler SamplerOf(Model model) => model.Sampler(Solver.Ddim(), 6);

    private sealed class Watch : RunWatch
    {
        internal long Evaluations { get; private set; }

        internal Tensor? First { get; private set; }

        internal override void Told(StageProgress progress)
        {
        }

        internal override void Evaluated(int count) => Evaluations += count;

        internal override void Loss(double value)
        {
        }

        protected override void Show(Tensor pictures) => First ??= pictures.clone().DetachFromDisposeScope();
    }
}
