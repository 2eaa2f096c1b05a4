using System.Diagnostics;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Sharing;
using Costate.Faces;
using Costate.Faces.Drawing;
using Costate.Faces.Guidance;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Guidance;

/// <summary>Runs guidance methods on faces, several at a time; what is in the folder is not computed again.</summary>
internal sealed class GuidanceStudyRun(
    FaceModel faceModel,
    GuidanceStudySettings settings,
    ResultFolder<GuidanceStudyResult> folder,
    IProgress<StageProgress>? progress)
{
    private const int StepsOfTrial = 4;

    private readonly GuideRunner runner = new(faceModel.Model);

    /// <summary>Begins the folder, or goes on with one of the same contents.</summary>
    /// <param name="division">Which of the faces.</param>
    /// <param name="choice">What is compared.</param>
    /// <param name="faces">How many faces all shards have.</param>
    /// <exception cref="InvalidDataException">The folder has another study.</exception>
    internal (EvaluationContents Contents, WorkItems Items) Begin(Division division, GuidanceStudyChoice choice, int faces)
    {
        var wanted = new EvaluationContents
        {
            Study = folder.Study,
            Settings = settings.Describe(ModelAnswers.Describe(faceModel)),
            Shard = division.Shard.ToString(),
            Methods = (
                from task in choice.Tasks
                from method in choice.Methods
                from budget in choice.Budgets
                select GuidanceStudyResult.KeyOf(task, method.Name, budget)
            ).ToDictionary(key => key, _ => faces),
        };
        return folder.Begin(wanted, division);
    }

    /// <summary>Computes what is missing, several faces at a time, and says beforehand how long that will take one process.</summary>
    internal void Run(WorkItems items, GuidanceStudyChoice choice, int batchSize, CancellationToken cancellationToken)
    {
        Kind[] kinds =
        [
            .. from task in choice.Tasks
               from method in choice.Methods
               from budget in choice.Budgets
               let plan = method.PlanFor(task, budget, faceModel.Model)
               select new Kind(task, method, budget, plan, plan.Work(faceModel.Model)),
        ];
        Announce(items, choice, kinds, batchSize, cancellationToken);
        foreach (int[] faces in items.Groups(batchSize, cancellationToken))
        {
            (int[] Faces, Kind Kind)[] work =
            [
                .. from kind in kinds
                   let missing = faces.Where(face => !folder.Has(face, kind.Key)).ToArray()
                   where missing.Length > 0
                   select (missing, kind),
            ];
            double total = Math.Max(1, work.Sum(w => w.Faces.Length * w.Kind.Work)), done = 0;
            foreach ((int[] part, Kind kind) in work)
            {
                double its = kind.Work * part.Length;
                Add(
                    kind,
                    part,
                    share => progress?.Report(new StageProgress(
                        "evaluating",
                        items.Share((done + (share * its)) / total, faces.Length),
                        $"face {part[0] + 1}, {kind.Task.Name}, {kind.Method.Label}")),
                    cancellationToken);
                done += its;
            }
        }
    }

    private void Announce(
        WorkItems items, GuidanceStudyChoice choice, Kind[] kinds, int batchSize, CancellationToken cancellationToken)
    {
        var works = kinds.ToDictionary(kind => kind.Key, kind => kind.Work);
        (int Item, string Method)[] missing = [.. folder.Missing(items.Left, [.. works.Keys])];
        string time = "";
        if (missing.Length > 0)
        {
            double seconds =
                missing.Sum(m => works[m.Method]) * SecondsOfEvaluation(Math.Min(batchSize, items.Total), cancellationToken);
            time = $", about {TimeSpan.FromSeconds(seconds):h\\:mm\\:ss} if the machine has nothing else to do";
        }

        string asked = $"{items.Total} faces, {choice.Tasks.Count} tasks, {choice.Methods.Count} methods, {choice.Budgets.Count} numbers "
            + "of evaluations";
        string left = $"{(items.Total * kinds.Length) - missing.Length} results are there, {missing.Length} to compute{time}.";
        progress?.Report(new StageProgress("evaluating", 0, Announcement: $"{asked}: {left}"));
    }

    /// <summary>What the samples for some faces are guided to, and under which codes.</summary>
    internal (GuideTarget Target, Tensor Code) Target(GuideTask task, IReadOnlyList<int> faces, CancellationToken cancellationToken)
    {
        using IDisposable noGraph = no_grad();
        Tensor pictures = Faces(GuidanceStudySettings.FirstIdentity, faces, cancellationToken);
        if (task == GuideTask.Identity)
        {
            return (
                GuideTarget.Person(pictures, faceModel.Attack),
                faceModel.Model.Encode!(Faces(GuidanceStudySettings.FirstOther, faces, cancellationToken)));
        }

        GuideTarget target = GuideTarget.Degraded(task, settings.Degradation, pictures, Seeds(faces));
        Tensor code =
            settings.Code == GuideCode.Mean
                ? GuideCode.MeanOf(faceModel.Model, cancellationToken).expand(faces.Count, -1).contiguous()
                : faceModel.Model.Encode!(target.Filled);
        return (target, code);
    }

    private void Add(Kind kind, int[] faces, Action<double> progress, CancellationToken cancellationToken)
    {
        (GuideTask task, StudiedMethod method, long budget, GuidePlan plan, _) = kind;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        (GuideTarget target, Tensor code) = Target(task, faces, cancellationToken);
        long began = Stopwatch.GetTimestamp();
        GuideOutcome outcome = runner.Run(plan, target, code, Seeds(faces), progress, frames: null, cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds / faces.Length;
        IReadOnlyList<GuideItem> items = GuideItem.Measure(outcome, target, faceModel.Attack);
        double[] judged = Judged(outcome.Samples, target.Truth!);
        foreach ((int i, int face) in faces.Index())
        {
            var result = new GuidanceStudyResult
            {
                Face = face,
                Identity = GuidanceStudySettings.FirstIdentity + (ulong)face,
                Method = kind.Key,
                Task = task.Name,
                Name = method.Name,
                Budget = budget,
                Steps = plan.Steps,
                Iterations = plan.Iterations,
                Quality = items[i],
                JudgedSimilarity = items[i].Diverged is null ? GuideItem.Finite(judged[i]) : null,
                NetworkEvaluations = outcome.Cost.NetworkEvaluations,
                VectorJacobianProducts = outcome.Cost.VectorJacobianProducts,
                LossEvaluations = outcome.LossEvaluations,
                Seconds = Math.Round(seconds, 4),
            };
            folder.Add(result, outcome.Samples[i]);
        }
    }

    private double[] Judged(Tensor samples, Tensor truth)
    {
        double[] sums = new double[samples.shape[0]];
        foreach (Recogniser judge in faceModel.Judges)
        {
            using DisposeScope scope = NewDisposeScope();
            foreach (
                (int i, double similarity) in nn
                    .functional.cosine_similarity(judge.Embed(samples), judge.Embed(truth), 1, 1e-12)
                    .to(ScalarType.Float64)
                    .cpu()
                    .data<double>()
                    .ToArray()
                    .Index())
            {
                sums[i] += similarity / faceModel.Judges.Count;
            }
        }

        return sums;
    }

    // Of one item among as many as go together.
    private double SecondsOfEvaluation(int batch, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        int[] faces = [.. Enumerable.Range(0, batch)];
        (GuideTarget target, Tensor code) = Target(GuideTask.Deblur, faces, cancellationToken);
        GuidePlan plan = GuidePlan.Of(GuideMethod.Unguided, GuideTask.Deblur) with { Steps = StepsOfTrial };
        runner.Run(plan with { Steps = 1 }, target, code, Seeds(faces), _ => { }, null, cancellationToken);
        long began = Stopwatch.GetTimestamp();
        runner.Run(plan, target, code, Seeds(faces), _ => { }, null, cancellationToken);
        return Stopwatch.GetElapsedTime(began).TotalSeconds / (StepsOfTrial * batch);
    }

    private Tensor Faces(ulong first, IReadOnlyList<int> faces, CancellationToken cancellationToken) =>
        EvaluationFaces.Stack([.. faces.Select(face => (first + (ulong)face, 0UL))], faceModel.Side, faceModel.Device, cancellationToken);

    private static ulong[] Seeds(IReadOnlyList<int> faces) => [.. faces.Select(face => (ulong)face)];

    // What is done to each face.
    private sealed record Kind(GuideTask Task, StudiedMethod Method, long Budget, GuidePlan Plan, double Work)
    {
        internal string Key { get; } = GuidanceStudyResult.KeyOf(Task, Method.Name, Budget);
    }
}
