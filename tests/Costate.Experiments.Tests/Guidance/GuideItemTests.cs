using System.Text.Json;
using Costate.Experiments.Guidance;
using Costate.Faces.Guidance;
using Costate.Faces.Reports;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Guidance;

public sealed class GuideItemTests
{
    [Fact]
    public void Measure_SaysNothingOfDiverged_AndOfWhatIsNoNumber()
    {
        using var scope = NewDisposeScope();
        Tensor truth = StartNoise.Draw([3, 3, 16, 16], 3).clamp(-1, 1);
        Tensor samples = truth.clone();
        samples[1].fill_(-1f);

        // Equal pictures, whose PSNR is infinite; one that diverged; and a loss that is infinite of a picture.
        GuideTarget target = GuideTarget.Own(truth, x => x.sum([1L, 2, 3]) / tensor(new[] { 1f, 1, 0 }));
        var outcome = new GuideOutcome(
            samples,
            [
                [0],
                [0],
                [0],
            ],
            new Dictionary<int, string> { [1] = "step 3 (time 0.5)" },
            new GradientCost(0, 0, 0, 0),
            0);
        IReadOnlyList<GuideItem> items = GuideItem.Measure(outcome, target, recogniser: null);
        JsonElement json = JsonDocument.Parse(JsonReport.Text(items)).RootElement;
        Assert.Equal(ImageQuality.MaxPsnr, json[0].GetProperty("psnr").GetDouble());
        Assert.Equal(1, json[0].GetProperty("ssim").GetDouble(), 1e-9);
        Assert.Equal(new GuideItem(null, null, null, null, "step 3 (time 0.5)"), items[1]);
        Assert.Equal(JsonValueKind.Null, json[2].GetProperty("loss").ValueKind);
        Assert.Null(items[2].Diverged);
        Assert.Equal(ImageQuality.MaxPsnr, items[2].Psnr);
    }

    [Fact]
    public void Summary_IsOverThoseThatDidNotDiverge()
    {
        GuidanceStudyResult[] results =
        [
            Of(0, new GuideItem(0.5, 20, 0.5, 0.5, null)),
            Of(1, new GuideItem(null, null, null, null, "step 3 (time 0.5)")),
            Of(2, new GuideItem(0.1, 30, 0.7, 0.9, null)),
        ];
        GuidanceStudySummary summary = GuidanceStudySummary.Of(results, results);
        Assert.Equal((3, 1), (summary.Faces, summary.Diverged));
        Assert.Equal(0.3, summary.Loss!.Mean, 1e-12);
        Assert.Equal(25, summary.Psnr!.Mean, 1e-12);
        Assert.Null(GuidanceStudySummary.Of(results[1..2], results).Loss);

        static GuidanceStudyResult Of(int face, GuideItem quality) => new()
        {
            Face = face,
            Identity = (ulong)face,
            Method = "",
            Task = "deblur",
            Name = "greedy",
            Budget = 10,
            Steps = 10,
            Iterations = 0,
            Quality = quality,
            JudgedSimilarity = quality.IdentitySimilarity,
            NetworkEvaluations = 10,
            VectorJacobianProducts = 10,
            LossEvaluations = 10,
            Seconds = 1,
        };
    }
}
