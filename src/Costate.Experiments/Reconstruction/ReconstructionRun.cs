using Costate.Experiments.Evaluation;
using Costate.Experiments.Sharing;
using Costate.Faces;
using Costate.Faces.Drawing;
using Costate.Faces.Guidance;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Reconstruction;

/// <summary>
/// Encodes faces that the autoencoder was not trained on, and decodes them: from their own noise, from other noise, and their pictures
/// themselves. What is in the folder is not computed again.
/// </summary>
/// <param name="model">The autoencoder, and judges.</param>
/// <param name="steps">Steps of encoding and of decoding.</param>
/// <param name="folder">Where faces are kept.</param>
/// <param name="progress">Told of each step.</param>
internal sealed class ReconstructionRun(
    FaceModel model, int steps, ReconstructionFolder folder, IProgress<StageProgress>? progress)
{
    /// <summary>The person of the first face; the others follow. Apart from those of the trainings, thresholds and morphs.</summary>
    internal const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 200_000;

    private const ulong Seed = 1;

    /// <summary>What finds the noise, and decodes.</summary>
    internal static Solver Method { get; } = Solver.DpmSolverPlusPlus(2);

    /// <summary>Begins the folder, or goes on with one of the same contents.</summary>
    /// <param name="division">Which of the faces.</param>
    /// <param name="faces">How many faces all shards have.</param>
    /// <exception cref="InvalidDataException">The folder has another study.</exception>
    internal (EvaluationContents Contents, WorkItems Items) Begin(Division division, int faces)
    {
        var wanted = new EvaluationContents
        {
            Study = folder.Study,
            Settings = Setting.Named(
                [.. ModelAnswers.Describe(model).Select(m => (m.Key, (Setting?)m.Value)), ("steps", steps), ("solver", Method.Name)]),
            Shard = division.Shard.ToString(),
            Methods = ReconstructedFace.Sources.ToDictionary(source => source, _ => faces),
        };
        return folder.Begin(wanted, division);
    }

    /// <summary>Computes what is missing, several faces at a time.</summary>
    internal void Run(WorkItems items, int batchSize, CancellationToken cancellationToken)
    {
        int left = folder.Missing(items.Left, ReconstructedFace.Sources).Select(missing => missing.Item).Distinct().Count();
        progress?.Report(new StageProgress(
            "autoencoder", 0, Announcement: $"{items.Total} faces: {items.Total - left} are there, {left} to compute."));
        foreach (int[] group in items.Groups(batchSize, cancellationToken))
        {
            int[] faces = [.. folder.Missing(group, ReconstructedFace.Sources).Select(missing => missing.Item).Distinct()];
            if (faces.Length > 0)
            {
                Add(
                    faces,
                    share => progress?.Report(
                        new StageProgress("autoencoder", items.Share(share, group.Length), $"face {faces[0] + 1}")),
                    cancellationToken);
            }
        }
    }

    private void Add(int[] faces, Action<double> told, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor pictures = Drawn(faces, 0, cancellationToken), others = Drawn(faces, 1, cancellationToken);
        var sampler = new Sampler(
            model.Model.Denoiser, model.Model.Schedule, Method, TimeGrid.UniformLogSnr(model.Model.Schedule, steps));
        Tensor codes = model.Model.Encode!(pictures);
        NoiseState own = sampler.Invert(pictures, codes, progress: Third(0), cancellationToken: cancellationToken);
        Tensor fromOwn = sampler.Sample(own, codes, progress: Third(1), cancellationToken: cancellationToken);
        Tensor random = StartNoise.Draw(
            pictures.shape, NoiseSeeds.OfItems(faces.Select(face => Seed + (ulong)face)), device: model.Device);
        Tensor fromOther = sampler.Sample(random, codes, progress: Third(2), cancellationToken: cancellationToken);
        Tensor[] results = [pictures, fromOwn.clamp(-1, 1), fromOther.clamp(-1, 1)];
        foreach ((string source, Tensor result) in ReconstructedFace.Sources.Zip(results))
        {
            Keep(faces, source, result, pictures, others);
        }

        IProgress<StepProgress> Third(int index) =>
            new Listener<StepProgress>(step => told((index + ((double)step.Done / step.Total)) / 3));
    }

    private void Keep(int[] faces, string source, Tensor result, Tensor pictures, Tensor others)
    {
        double[] psnr = ImageQuality.Psnr(result, pictures), ssim = ImageQuality.Ssim(result, pictures);
        (string Name, bool[] Accepted)[] judged = [.. model.Judges.Select(judge => (judge.Name, Accepted(judge, result, others)))];
        foreach ((int i, int face) in faces.Index())
        {
            folder.Add(
                new ReconstructedFace
                {
                    Face = face,
                    Identity = FirstIdentity + (ulong)face,
                    Method = source,
                    Psnr = psnr[i],
                    Ssim = ssim[i],
                    Accepted = judged.ToDictionary(judge => judge.Name, judge => judge.Accepted[i]),
                },
                result[i]);
        }
    }

    private static bool[] Accepted(Recogniser judge, Tensor faces, Tensor others) =>
    [
        .. nn.functional.cosine_similarity(judge.Embed(faces), judge.Embed(others), 1, 1e-12)
            .to(ScalarType.Float64)
            .cpu()
            .data<double>()
            .Select(similarity => similarity > judge.Threshold),
    ];

    private Tensor Drawn(int[] faces, ulong circumstance, CancellationToken cancellationToken) => EvaluationFaces.Stack(
        [.. faces.Select(face => (FirstIdentity + (ulong)face, circumstance))], model.Side, model.Device, cancellationToken);
}
