using Costate.Faces.Files;
using Costate.Faces.Pictures;
using Costate.Faces.Reports;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Faces.Sampling;

/// <summary>The files of a run of a sampler: tensors or a latent with its settings beside them, and pictures.</summary>
internal static class SamplingFiles
{
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

        return report with { Files = [.. folder.Files, SamplingReport.FileName] };
    }
}
