using Costate.Experiments.Galleries;
using Costate.Faces.Files;
using Costate.Faces.Models;
using Costate.Faces.Pictures;
using Costate.Faces.Reports;
using static TorchSharp.torch;

namespace Costate.Experiments.Reconstruction;

/// <summary>The files of a study of what comes back from the autoencoder.</summary>
internal static class ReconstructionFiles
{
    internal const string ReportFile = "autoencoder.json";
    internal const string SheetFile = "reconstructions.png";

    /// <summary>All of them, with the page of them.</summary>
    internal static IReadOnlyList<string> All { get; } = [SheetFile, ReportFile, Gallery.FileName];

    /// <summary>Measures, and leaves the sheet in the folder to be committed.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="model">Whose autoencoder.</param>
    /// <param name="faces">How many faces, each of another person.</param>
    /// <param name="steps">Steps of encoding and of decoding.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <returns>The report, and its table.</returns>
    internal static (string Report, ResultTable Table) Write(
        OutputFolder folder, EmbeddedModel model, int faces, int steps, Action<double> progress, CancellationToken cancellationToken)
    {
        var study = new ReconstructionStudy(model, faces, steps);
        IReadOnlyList<ReconstructedFaces> results = study.Run(progress, cancellationToken);
        using Tensor shown = study.Shown!;
        ContactSheet.WriteFile(folder.Stage(SheetFile), shown, (int)shown.shape[0] / 3);
        return (study.Report(results), ReconstructionTable.Of(results));
    }
}
