using Costate.Faces.Files;
using Costate.Faces.Pictures;
using Costate.Faces.Reports;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Sampling;

/// <summary>The files of a run of a sampler: tensors or a latent with its settings beside them, and pictures.</summary>
internal static class SamplingFiles
{
    internal const string GradientFile = "gradient.png";

    private const int SmallestShown = 128;

    /// <summary>Writes them, and returns the report, which names itself among them.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="name">Of the file of tensors.</param>
    /// <param name="result">What came of the run.</param>
    /// <param name="pictures">The pictures of the samples; null where they are none.</param>
    /// <param name="plan">How it was sampled.</param>
    /// <param name="report">What is known of the run before its files.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    internal static SamplingReport Write(
        OutputFolder folder,
        string name,
        SamplingResult result,
        SamplePictures? pictures,
        SamplingPlan plan,
        SamplingReport report,
        CancellationToken cancellationToken)
    {
        var remarks = new SortedDictionary<string, string>(
            report.Settings.ToDictionary(d => d.Key, d => d.Value.Text), StringComparer.Ordinal)
        {
            ["costate"] = ToolVersion.Version,
            ["command"] = report.Command,
        };
        string path = folder.Stage(name);
        if (result.State is NoiseState state)
        {
            SavedLatent.Write(path, state, result.Condition, plan, remarks, cancellationToken);
        }
        else
        {
            SafetensorsFile.Write(path, result.Tensors, remarks, cancellationToken: cancellationToken);
        }

        if (result.Shown is Tensor shown)
        {
            pictures?.Write(shown, folder, cancellationToken, result.OnSheet, JsonReport.Text(report.Settings));
        }

        if (result.OnTheWay is not null && result.Tensors["start_noise_gradient"] is { } gradient && gradient.dim() == 4)
        {
            File.WriteAllBytes(folder.Stage(GradientFile), PictureFile.Png(Lengths(gradient[0])));
        }

        return report with { Files = [.. folder.Files, SamplingReport.FileName] };
    }

    // How long each place's gradient is, from black to white, [1, height, width].
    private static Tensor Lengths(Tensor gradient)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor lengths = linalg.vector_norm(gradient.detach().cpu(), 2, [0L], keepdim: true).to(ScalarType.Float64);
        double largest = lengths.max().item<double>();
        int scale = (int)Math.Max(1, SmallestShown / lengths.shape[1]);
        return (largest > 0 ? (lengths * (2 / largest)).sub_(1) : lengths.sub(1))
            .repeat_interleave(scale, 1).repeat_interleave(scale, 2).MoveToOuterDisposeScope();
    }
}
