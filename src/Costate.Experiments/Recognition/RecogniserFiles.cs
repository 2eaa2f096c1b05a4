using System.Globalization;
using Costate.Experiments.Evaluation;
using Costate.Faces.Files;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;
using Costate.Faces.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Recognition;

/// <summary>The files that sum up a folder of embeddings.</summary>
internal static class RecogniserFiles
{
    internal static readonly string[] All = [Calibration.FileName, RocPlot.FileName];

    /// <summary>Writes them anew.</summary>
    /// <exception cref="InvalidDataException">Results are missing or too few, or the folder cannot be written to.</exception>
    internal static RecogniserReport Write(RecogniserFolder folder, EvaluationContents contents)
    {
        IReadOnlyList<EmbeddedPerson> people = folder.Results(contents);
        int pictures = contents.Settings.TryGetValue(RecogniserRun.PicturesSetting, out Setting? told)
            && int.TryParse(told.Text, CultureInfo.InvariantCulture, out int each) && each > 0
            ? each
            : throw new InvalidDataException(
                $"'{folder.FullName}' does not say how many {RecogniserRun.PicturesSetting} its people have; expected what "
                    + "costate evaluate recognisers has written.");
        long pairs = RecogniserEvaluation.ImpostorPairs(people.Count, pictures);
        if (pairs * RecogniserEvaluation.TargetFalseMatchRate < 1)
        {
            throw new InvalidDataException(
                $"'{folder.FullName}' has {people.Count} people with {pictures} pictures each, which are {pairs} pairs of two people; "
                    + $"expected {1 / RecogniserEvaluation.TargetFalseMatchRate} at least. Give more people, or fewer parts; what is there "
                    + "stays.");
        }

        using DisposeScope scope = NewDisposeScope();
        TrainedRecogniser[] recognisers = [.. EmbeddedRecogniser.AllNames.Select(name => TrainedRecogniser.Of(name, contents.Settings))];
        var evaluation = RecogniserEvaluation.Of(recognisers, [.. recognisers.Select(r => Embeddings(people, r.Name, pictures))], pictures);
        using OutputFolder output = OutputFolder.Prepare(folder.FullName, All);
        File.WriteAllText(output.Stage(Calibration.FileName), evaluation.Text);
        File.WriteAllBytes(output.Stage(RocPlot.FileName), RocPlot.Of(evaluation));
        output.Commit();
        return new RecogniserReport(evaluation.Calibration);
    }

    private static Tensor Embeddings(IReadOnlyList<EmbeddedPerson> people, string recogniser, int pictures)
    {
        int length = Of(people[0]).Length;
        bool isWhole = length > 0 && length % (pictures * sizeof(float)) == 0;
        if (people.FirstOrDefault(person => !isWhole || Of(person).Length != length) is { } odd)
        {
            throw new InvalidDataException(
                $"The embeddings of person {odd.Person} by {recogniser} are {Of(odd).Length} bytes; expected as many numbers of 32 bits "
                    + $"for each of {pictures} pictures as for all others. Remove the person's folder to make them anew.");
        }

        byte[] all = [.. people.SelectMany(Of)];
        Tensor made = empty([people.Count * pictures, all.Length / sizeof(float) / (people.Count * pictures)], ScalarType.Float32, CPU);
        made.bytes = all;
        return made;

        byte[] Of(EmbeddedPerson person) => person.Embeddings.GetValueOrDefault(recogniser) ?? [];
    }
}
