// Fills in the hidden half of an image by guiding a denoiser with what is seen of it.  dotnet run samples/inpaint.cs
#:project ../src/Costate/Costate.csproj
#:package TorchSharp-cpu

using Costate;
using TorchSharp;
using static TorchSharp.torch;

CpuLibraries.Prepare();
using DisposeScope scope = NewDisposeScope();
const int Size = 12;

// In place of a trained network: the exact noise prediction for images that are one of four patterns, give or take 0.1 a pixel.
Tensor patterns = stack([
    Pattern((r, c) => Math.Abs(Math.Sqrt((r * r) + (c * c)) - 4) < 1),
    Pattern((r, c) => Math.Abs(Math.Abs(r) - Math.Abs(c)) < 1.2),
    Pattern((r, c) => Math.Max(Math.Abs(r), Math.Abs(c)) is > 3 and < 5),
    Pattern((r, c) => Math.Abs(r) < 1.2 || Math.Abs(c) < 1.2),
]);
NoiseSchedule schedule = NoiseSchedule.VpLinear();
Denoiser denoiser = Denoiser.FromFunction(
    (x, t, _) =>
    {
        (double alpha, double sigma) = (schedule.Alpha(t[0].item<double>()), schedule.Sigma(t[0].item<double>()));
        double variance = (alpha * alpha * 0.01) + (sigma * sigma);
        Tensor away = x.flatten(1).unsqueeze(1) - (alpha * patterns.flatten(1)).unsqueeze(0);
        Tensor weights = (away.square().sum(2) / (-2 * variance)).softmax(1).unsqueeze(2);
        return ((weights * away).sum(1) * (sigma / variance)).view_as(x);
    },
    Prediction.Noise);

// Half of the second pattern is seen, with noise; the loss is how far a sample is from that.
Tensor truth = patterns[1].unsqueeze(0);
Measurement seen = Measurement.Observe(LinearOperator.BoxInpainting(0, 0, Size, Size / 2), truth, noiseLevel: 0.05, seed: 1);
TimeGrid grid = TimeGrid.Uniform(100, 1, 0);
Tensor xT = StartNoise.Draw([1, 1, Size, Size], seed: 5, ScalarType.Float64);

Show("seen", seen.Observation);
foreach ((string name, GuidanceOptions options) in new[] { ("unguided", GuidancePreset.Unguided()), ("dps", GuidancePreset.Dps()), ("mpgd", GuidancePreset.Mpgd(1)) })
{
    GuidedSample guided = new GuidedSampler(denoiser, schedule, grid, options).Sample(xT, null, seen.Norm, seed: 2);
    Show($"{name}: {guided.Cost.NetworkEvaluations} evaluations, {guided.Cost.VectorJacobianProducts} vector-Jacobian products", guided.Sample);
}

Tensor Pattern(Func<double, double, bool> isOn)
{
    double middle = (Size - 1) / 2.0;
    double[] pixels = [.. Enumerable.Range(0, Size * Size).Select(i => isOn((i / Size) - middle, (i % Size) - middle) ? 1.0 : -1)];
    return tensor(pixels, [1, Size, Size]);
}

void Show(string title, Tensor image)
{
    Console.WriteLine($"\n{title}, PSNR {10 * Math.Log10(4 / (image - truth).square().mean().item<double>()):F1} dB");
    for (int row = 0; row < Size; row++)
    {
        Console.WriteLine(string.Concat(image[0, 0, row].data<double>().Select(v => v > 0.5 ? "##" : v < -0.5 ? ".." : "  ")));
    }
}
