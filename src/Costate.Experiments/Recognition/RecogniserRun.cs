using Costate.Experiments.Evaluation;
using Costate.Experiments.Sharing;
using Costate.Faces;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Reports;
using Costate.Faces.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Recognition;

/// <summary>Embeds the faces of people, several at a time; those in the folder are not embedded again.</summary>
/// <param name="recognisers">By which.</param>
/// <param name="pictures">Of each person.</param>
/// <param name="folder">Where embeddings are kept.</param>
/// <param name="progress">Told of each group.</param>
internal sealed class RecogniserRun(
    RecogniserSet recognisers, int pictures, RecogniserFolder folder, IProgress<StageProgress>? progress)
{
    /// <summary>What <see cref="EvaluationContents.Settings"/> calls the pictures of each person.</summary>
    internal const string PicturesSetting = "pictures";

    /// <summary>Begins the folder, or goes on with one of the same contents.</summary>
    /// <param name="division">Which of the people.</param>
    /// <param name="people">How many people all shards have.</param>
    /// <exception cref="InvalidDataException">The folder has another study.</exception>
    internal (EvaluationContents Contents, WorkItems Items) Begin(Division division, int people)
    {
        var wanted = new EvaluationContents
        {
            Study = folder.Study,
            Settings = Setting.Named(
            [
                (PicturesSetting, (int?)pictures),
                ("device", ComputeDevice.KindOf(recognisers.Device)),
                .. recognisers.All.SelectMany(recogniser => recogniser.Describe()),
            ]),
            Shard = division.Shard.ToString(),
            Methods = new Dictionary<string, int> { [EmbeddedPerson.Embedded] = people },
        };
        return folder.Begin(wanted, division);
    }

    /// <summary>Embeds whom the folder does not have.</summary>
    internal void Run(WorkItems items, int batchSize, CancellationToken cancellationToken)
    {
        string[] method = [EmbeddedPerson.Embedded];
        int left = folder.Missing(items.Left, method).Count();
        progress?.Report(new StageProgress(
            "recognisers", 0, Announcement: $"{items.Total} people: {items.Total - left} are there, {left} to compute."));
        foreach (int[] group in items.Groups(batchSize, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            int[] people = [.. folder.Missing(group, method).Select(missing => missing.Item)];
            if (people.Length > 0)
            {
                Add(people, cancellationToken);
            }

            progress?.Report(new StageProgress("recognisers", items.Share(1, group.Length)));
        }
    }

    private void Add(int[] people, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        (ulong Identity, ulong)[] faces = RecogniserEvaluation.Faces(people, pictures);
        IReadOnlyList<Tensor> embeddings = recognisers.Embed(faces, cancellationToken);
        foreach ((int i, int person) in people.Index())
        {
            folder.Add(new EmbeddedPerson
            {
                Person = person,
                Identity = faces[i * pictures].Identity,
                Embeddings = recognisers.All.Zip(embeddings).ToDictionary(
                    its => its.First.Name, its => its.Second.narrow(0, i * pictures, pictures).contiguous().bytes.ToArray()),
            });
        }
    }
}
