using System.Diagnostics;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces;

/// <summary>Looks on while a model runs: how far it is, what it costs, and what picture it is making. It changes no result.</summary>
internal abstract class RunWatch
{
    // A picture that is decoded to be looked at takes time from the run: a fifth of it at most.
    private const int Rest = 4;

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(200);

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private TimeSpan next;

    /// <summary>Whether somebody looks at pictures.</summary>
    protected virtual bool WantsPictures => true;

    /// <summary>How far the run is.</summary>
    internal abstract void Told(StageProgress progress);

    /// <summary>So many evaluations of the network more.</summary>
    internal abstract void Evaluated(int count);

    /// <summary>The loss as it is now, on average over the batch.</summary>
    internal abstract void Loss(double value);

    /// <summary>What the run would make of the state where it stands, [batch, 1 or 3, height, width] in -1..1.</summary>
    protected abstract void Show(Tensor pictures);

    /// <summary>The same model under this watch.</summary>
    internal Model Over(Model model) =>
        model.With(model.Denoiser.Observed(Evaluated).Watched((x, time, output) => See(model, x, time, output)), model.Owned);

    private void See(Model model, Tensor x, double time, Tensor output)
    {
        if (!WantsPictures || clock.Elapsed < next)
        {
            return;
        }

        SchedulePoint at = SchedulePoint.At(model.Schedule, time);
        PredictionConversion toData = PredictionConversion.Between(model.Denoiser.Prediction, Prediction.Data, at.Alpha, at.Sigma);
        if (!toData.IsFinite)
        {
            return;
        }

        TimeSpan began = clock.Elapsed;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor data = output.detach().Times(toData.Output).AddTimes(x.detach(), toData.State).to(ScalarType.Float32);
        Tensor pictures = model.ToPictures?.Invoke(data) ?? data;
        if (pictures.dim() == 4 && pictures.shape[1] is 1 or 3)
        {
            Show(pictures);
        }

        TimeSpan took = clock.Elapsed - began;
        next = clock.Elapsed + (took * Rest > Shortest ? took * Rest : Shortest);
    }
}
