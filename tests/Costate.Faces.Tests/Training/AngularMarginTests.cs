using Costate.Faces.Training;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Training;

/// <summary>Each margin's loss against its formula, in float64, number by number.</summary>
public sealed class AngularMarginTests
{
    private const int Batch = 5;
    private const int Identities = 7;
    private const int Width = 4;
    private const double Tolerance = 1e-9;

    // The running mean and deviation of AdaFace are float32.
    private const double AdaTolerance = 1e-5;

    [Theory]
    [InlineData(1)]
    [InlineData(0.3)]
    public void ArcFace_AddsToTheAngle(double strength) =>
        Matches("arcface", strength, Tolerance, (cosine, _, _) => Math.Cos(Math.Acos(cosine) + (0.5 * strength)));

    [Theory]
    [InlineData(1)]
    [InlineData(0.3)]
    public void CosFace_TakesFromTheCosine(double strength) =>
        Matches("cosface", strength, Tolerance, (cosine, _, _) => cosine - (0.35 * strength));

    [Fact]
    public void ElasticFace_AddsARandomAngle()
    {
        using var scope = NewDisposeScope();
        using var same = new StepRandom(3, 4);
        float[] normal = [.. same.Normal(Batch, 1).data<float>()];

        // Margins are float32.
        Matches("elasticface", 1, 1e-6, (cosine, _, i) => Math.Cos(Math.Acos(cosine) + 0.5 + (0.0125 * normal[i])));
    }

    [Fact]
    public void AdaFace_AddsToTheAngleOfPoorPictures_AndTakesFromTheCosineOfGoodOnes()
    {
        using var scope = NewDisposeScope();
        double[] norms = [.. Features().norm(1).data<double>()];
        double mean = (0.99 * 20) + (0.01 * norms.Average());
        double deviation = (0.99 * 100) + (0.01 * Math.Sqrt(norms.Sum(n => Math.Pow(n - norms.Average(), 2)) / (Batch - 1)));
        Matches("adaface", 1, AdaTolerance, (cosine, norm, _) =>
        {
            double quality = Math.Clamp((norm - mean) / (deviation + 1e-3) * 0.333, -1, 1);
            return Math.Cos(Math.Acos(cosine) - (0.4 * quality)) - ((0.4 * quality) + 0.4);
        });
    }

    [Fact]
    public void AdaFace_RemembersTheNorms()
    {
        using var scope = NewDisposeScope();
        using AngularMargin margin = AngularMargin.Named("adaface");
        using var random = new StepRandom(3, 4);
        Tensor statistics = margin.State["norms"];
        Assert.Equal([20f, 100f], statistics.data<float>().ToArray());
        margin.Loss(Features(), Centres(), Labels(), 1, random);
        double[] norms = [.. Features().norm(1).data<double>()];
        Assert.Equal((0.99 * 20) + (0.01 * norms.Average()), statistics[0].item<float>(), 1e-4);
    }

    [Theory]
    [InlineData("arcface")]
    [InlineData("cosface")]
    [InlineData("elasticface")]
    [InlineData("adaface")]
    public void EmbeddingOnItsCentre_HasAFiniteGradient(string name)
    {
        using var scope = NewDisposeScope();
        using AngularMargin margin = AngularMargin.Named(name);
        using var random = new StepRandom(3, 4);
        Tensor features = Centres().index_select(0, Labels()).requires_grad_(true);
        margin.Loss(features, Centres(), Labels(), 1, random).backward();
        Assert.True(features.grad!.isfinite().all().item<bool>());
    }

    [Fact]
    public void AnotherName_IsBadUsage() =>
        Assert.Contains(
            "arcface, cosface",
            Assert.Throws<InputException>(() => AngularMargin.Named("softmax")).Message,
            StringComparison.Ordinal);

    private static void Matches(string name, double strength, double tolerance, Func<double, double, int, double> own)
    {
        using var scope = NewDisposeScope();
        using AngularMargin margin = AngularMargin.Named(name);
        using var random = new StepRandom(3, 4);
        Tensor features = Features(), centres = Centres(), labels = Labels();
        double loss = margin.Loss(features, centres, labels, strength, random).item<double>();
        Assert.Equal(Expected(Rows(features), Rows(centres), [.. labels.data<long>()], own), loss, tolerance);
    }

    // The mean over the batch of log(sum of exp(32 cos)) - 32 cos of the own centre, that cosine changed.
    private static double Expected(double[][] features, double[][] centres, long[] labels, Func<double, double, int, double> own) =>
        Enumerable.Range(0, Batch).Average(i =>
        {
            double norm = Math.Sqrt(features[i].Sum(v => v * v));
            double[] cosines = [.. centres.Select(c => features[i].Zip(c, (a, b) => a * b).Sum() / norm / Math.Sqrt(c.Sum(v => v * v)))];
            cosines[labels[i]] = own(cosines[labels[i]], norm, i);
            return Math.Log(cosines.Sum(c => Math.Exp(AngularMargin.Scale * c))) - (AngularMargin.Scale * cosines[labels[i]]);
        });

    // Of lengths about 5 to 60, which AdaFace takes for qualities; it takes those above 100 for 100.
    private static Tensor Features() =>
        StartNoise.Draw([Batch, Width], 1, ScalarType.Float64) * tensor(new[] { 5.0, 10, 15, 20, 30 }, [Batch, 1]);

    private static Tensor Centres() => StartNoise.Draw([Identities, Width], 2, ScalarType.Float64);

    private static Tensor Labels() => tensor(new[] { 0L, 6, 3, 3, 1 });

    private static double[][] Rows(Tensor matrix) => [.. matrix.data<double>().ToArray().Chunk(Width)];
}
