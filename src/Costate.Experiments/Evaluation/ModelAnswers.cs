using System.Globalization;
using Costate.Faces.Drawing;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Evaluation;

/// <summary>
/// What sets the networks of one evaluation apart from others: thresholds, answers to one face, and what kind of device they are on, where
/// sums are in the same order.
/// </summary>
internal static class ModelAnswers
{
    // The last digits depend on the machine.
    private const string Digits = "G4";

    /// <summary>By name.</summary>
    internal static IReadOnlyDictionary<string, Setting> Describe(FaceModel model)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor face = EvaluationFaces.Stack([(DrawnFaces.FirstHeldOut, 0)], model.Side, model.Device, default);
        Tensor code = model.Model.Encode!(face);
        double half = model.Model.Schedule.HalfLogSnr(0.5);
        TimeGrid grid = TimeGrid.FromTimes([0.5, model.Model.Schedule.TimeAtHalfLogSnr(half + 0.5)]);
        Tensor sample = new Sampler(model.Model.Denoiser, model.Model.Schedule, Solver.Ddim(), grid).Sample(face, code);
        var described = new Dictionary<string, Setting> { ["answer.autoencoder"] = $"{Text(code)} {Text(sample)}" };
        if (ComputeDevice.KindOf(model.Device) is string kind)
        {
            described["device"] = kind;
        }

        foreach (
            Recogniser recogniser in ((Recogniser?[])[model.Attack, .. model.Judges, model.PairChooser]).OfType<Recogniser>()
        )
        {
            described[$"answer.{recogniser.Name}"] = Text(recogniser.Embed(face));
            described[$"threshold.{recogniser.Name}"] = ((double?)recogniser.Threshold)!;
        }

        return described;
    }

    private static string Text(Tensor answer) =>
        string.Join(
            ' ',
            answer
                .flatten()
                .to(ScalarType.Float64)
                .cpu()
                .contiguous()
                .data<double>()
                .Take(3)
                .Select(v => v.ToString(Digits, CultureInfo.InvariantCulture)));
}
