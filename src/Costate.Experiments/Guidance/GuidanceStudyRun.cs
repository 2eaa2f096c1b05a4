using System.Diagnostics;
using Costate.Experiments.Evaluation;
using Costate.Faces;
using Costate.Faces.Drawing;
using Costate.Faces.Guidance;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Guidance;

/// <summary>Runs guidance methods on the faces of a shard, several at a time; what is in the folder is not computed again.</summary>
internal sealed class GuidanceStudyRun(
    FaceModel faceModel,
    GuidanceStudySettings settings,
    ResultFolder<GuidanceStudyResult> folder,
    IProgress<StageProgress>? progress)
{
    private const int StepsOfTrial = 4;

    private readonly GuideRunner runner = new(faceModel.Model);

    /// <summary>Begins the folder, or goes on with one of the same contents.</summary>
    /// <param name="shard">Which of the faces.</param>
    /// <param name="choice">What is compared.</param>
    /// <param name="faces">How many faces all shards have.</param>
    /// <exception cref="InvalidDataException">The folder has another study.</exception>
    internal EvaluationContents Begin(Shard shard, GuidanceStudyChoice choice, int faces) => folder.Begin(new EvaluationContents
    {
        Study = folder.Study,
        Settings = settings.Describe(ModelAnswers.Describe(faceModel)),
        Shard = shard.ToString(),
        Methods = (
            from task in choice.Tasks
            from method in choice.Methods
            from budget in choice.Budgets
            select GuidanceStudyResult.KeyOf(task, method.Name, budget)
        ).ToDictionary(key => key, _ => faces),
    });

    /// <summary>
    /// Computes what is missing for the faces of this shard, several at a time, and says beforehand how long that will take.
    /// </summary>
    internal void Run(
        IReadOnlyList<int> faces,
        IReadOnlyList<GuideTask> tasks,
        IReadOnlyList<StudiedMethod> methods,
        IReadOnlyList<long> budgets,
        int batchSize,
        CancellationToken cancellationToken)
    {
        (GuideTask Task, StudiedMethod Method, long Budget, GuidePlan Plan, double Work)[] kinds =
        [
            .. from task in tasks
               from method in methods
               from budget in budgets
               let plan = method.PlanFor(task, budget, faceModel.Model)
               select (task, method, budget, plan, plan.Work(faceModel.Model)),
        ];
        (int[] Faces, int Kind)[] work =
        [
            .. from chunk in faces.Chunk(batchSize)
               from kind in Enumerable.Range(0, kinds.Length)
               let missing = chunk.Where(face => !folder.Has(face, Key(kind))).ToArray()
               where missing.Length > 0
               select (missing, kind),
        ];
        int all = faces.Count * kinds.Length;
        int left = work.Sum(w => w.Faces.Length);
        double total = work.Sum(w => w.Faces.Length * kinds[w.Kind].Work);
        string time = "";
        if (left > 0)
        {
            double seconds = total * SecondsOfEvaluation(Math.Min(batchSize, faces.Count), cancellationToken);
            time = $", about {TimeSpan.FromSeconds(seconds):h\\:mm\\:ss} if the machine has nothing else to do";
        }

        progress?.Report(
            new StageProgress(
                "evaluating",
                0,
                Announcement: $"{faces.Count} faces, {tasks.Count} tasks, {methods.Count} methods, {budgets.Count} numbers of "
                    + $"evaluations: {all - left} results are there, {left} to compute{time}."));
        double done = 0;
        foreach ((int[] part, int kind) in work)
        {
            (GuideTask task, StudiedMethod method, long budget, GuidePlan plan, double each) = kinds[kind];
            double its = each * part.Length;
            Add(
                task,
                method,
                budget,
                plan,
                part,
                share => Tell(done + (share * its), $"face {part[0] + 1}, {task.Name}, {method.Label}"),
                cancellationToken);
            done += its;
        }

        void Tell(double part, string note) => progress?.Report(new StageProgress("evaluating", part / Math.Max(total, 1), note));

        string Key(int kind) => GuidanceStudyResult.KeyOf(kinds[kind].Task, kinds[kind].Method.Name, kinds[kind].Budget);
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

    private void Add(
        GuideTask task,
        StudiedMethod method,
        long budget,
        GuidePlan plan,
        int[] faces,
        Action<double> progress,
        CancellationToken cancellationToken)
    {
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
                Method = GuidanceStudyResult.KeyOf(task, method.Name, budget),
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
        EvaluationFaces.Stack([.. faces.Select(face => (first + (ulong)face, 0UL))], faceModel.Side, cancellationToken);

    private static ulong[] Seeds(IReadOnlyList<int> faces) => [.. faces.Select(face => (ulong)face)];
}
