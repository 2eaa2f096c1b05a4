using Costate.Experiments.Evaluation;
using Costate.Experiments.Guidance;
using Costate.Faces.Drawing;
using Costate.Faces.Guidance;
using Costate.Faces.Models;
using Costate.Faces.Reports;
using Costate.Faces.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Reconstruction;

/// <summary>
/// Encodes faces that the autoencoder was not trained on, and decodes them: from their own noise, from other noise, and their pictures
/// themselves.
/// </summary>
internal sealed class ReconstructionStudy(EmbeddedModel model, int faces, int steps)
{
    /// <summary>The person of the first face; the others follow. Apart from those of the trainings, thresholds and morphs.</summary>
    internal const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 200_000;

    private const int AtOnce = 16;
    private const ulong Seed = 1;
    private static readonly Solver Method = Solver.DpmSolverPlusPlus(2);
    private static readonly string[] Names = ["the picture itself", "its own noise", "other noise"];

    private readonly List<double>[] psnr = [[], [], []];
    private readonly List<double>[] ssim = [[], [], []];
    private readonly Dictionary<string, List<bool>[]> accepted = model.Judges.ToDictionary(j => j.Name, _ => (List<bool>[])[[], [], []]);

    /// <summary>The first faces, below them what came back from their own noise, and from other noise.</summary>
    internal Tensor? Shown { get; private set; }

    /// <summary>Measures.</summary>
    internal IReadOnlyList<ReconstructedFaces> Run(Action<double> progress, CancellationToken cancellationToken)
    {
        for (int first = 0; first < faces; first += AtOnce)
        {
            int count = Math.Min(AtOnce, faces - first);
            using DisposeScope scope = NewDisposeScope();
            Tensor pictures = FaceData.HeldOut(count, 2, FirstIdentity + (ulong)first).unflatten(0, [count, 2]);
            Measure(
                pictures.select(1, 0).contiguous(),
                pictures.select(1, 1).contiguous(),
                first,
                share => progress((first + (share * count)) / faces),
                cancellationToken);
        }

        return [.. Names.Index().Select(n => new ReconstructedFaces(
            n.Item,
            MeanInterval.Of(psnr[n.Index])!,
            MeanInterval.Of(ssim[n.Index])!,
            [.. model.Judges.Select(j => new Acceptance(j.Name, MatchRate.Of(accepted[j.Name][n.Index])))]))];
    }

    /// <summary>What was found out, as JSON.</summary>
    internal string Report(IReadOnlyList<ReconstructedFaces> results) => JsonReport.Text(new
    {
        Command = "evaluate autoencoder",
        ToolVersion.Version,
        Faces = faces,
        FirstIdentity,
        Steps = steps,
        Solver = Method.Name,
        Results = results,
    });

    private void Measure(Tensor pictures, Tensor others, int first, Action<double> progress, CancellationToken cancellationToken)
    {
        using IDisposable noGraph = no_grad();
        var sampler = new Sampler(
            model.ToModel().Denoiser,
            model.Schedule,
            Method,
            TimeGrid.UniformLogSnr(model.Schedule, steps));
        Tensor codes = model.Autoencoder.Encode(pictures);
        using NoiseState own = sampler.Invert(pictures, codes, progress: Third(0), cancellationToken: cancellationToken);
        Tensor fromOwn = sampler.Sample(own, codes, progress: Third(1), cancellationToken: cancellationToken);
        Tensor random = cat(
            [.. Enumerable.Range(first, (int)pictures.shape[0]).Select(i => StartNoise.Draw([1, .. pictures.shape[1..]], Seed + (ulong)i))],
            0);
        Tensor fromOther = sampler.Sample(random, codes, progress: Third(2), cancellationToken: cancellationToken);

        Tensor[] results = [pictures, fromOwn.clamp(-1, 1), fromOther.clamp(-1, 1)];
        foreach ((int i, Tensor result) in results.Index())
        {
            psnr[i].AddRange(ImageQuality.Psnr(result, pictures));
            ssim[i].AddRange(ImageQuality.Ssim(result, pictures));
            foreach (EmbeddedRecogniser judge in model.Judges)
            {
                Tensor similarities = (judge.Network.Embed(result) * judge.Network.Embed(others)).sum(1);
                accepted[judge.Name][i].AddRange(similarities.data<float>().Select(s => judge.Accepts(s)));
            }
        }

        Shown ??= cat(results, 0).DetachFromDisposeScope();

        IProgress<StepProgress> Third(int index) => new Part(share => progress((index + share) / 3));
    }

    private sealed class Part(Action<double> report) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => report((double)value.Done / value.Total);
    }
}
