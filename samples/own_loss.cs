// Guides samples by a loss of your own, from greedy to end-to-end.  dotnet run samples/own_loss.cs
#:project ../src/Costate/Costate.csproj
#:package TorchSharp-cpu

using Costate;
using TorchSharp;
using static TorchSharp.torch;

CpuLibraries.Prepare();
using DisposeScope scope = NewDisposeScope();

// In place of a trained network: the exact noise prediction for points near a circle of eight.
Tensor angles = arange(0, 8, 1, ScalarType.Float64) * (Math.PI / 4);
Tensor centres = 2 * stack([angles.cos(), angles.sin()], 1);
NoiseSchedule schedule = NoiseSchedule.VpLinear();
Denoiser denoiser = Denoiser.FromFunction(
    (x, t, _) =>
    {
        (double alpha, double sigma) = (schedule.Alpha(t[0].item<double>()), schedule.Sigma(t[0].item<double>()));
        double variance = (alpha * alpha * 0.04) + (sigma * sigma);
        Tensor away = x.unsqueeze(1) - (alpha * centres).unsqueeze(0);
        Tensor weights = (away.square().sum(2) / (-2 * variance)).softmax(1).unsqueeze(2);
        return (weights * away).sum(1) * (sigma / variance);
    },
    Prediction.Noise);

// Any function that autograd can follow, with one value for each item: here points are wanted on the line x + y = 2, to the right.
Func<Tensor, Tensor> loss = GuidanceLoss.WeightedSum(
    (1.0, x => (x.sum(1) - 2).square()),
    (0.5, x => nn.functional.relu(1 - x[TensorIndex.Colon, 0])));

TimeGrid grid = TimeGrid.UniformLogSnr(schedule, 20, 1, 1e-3);
Tensor xT = StartNoise.Draw([64, 2], seed: 1, ScalarType.Float64);
Report("unguided", new GuidanceOptions());
Report("data only, no network gradient", new GuidanceOptions { DataStrength = 0.1 });
Report("greedy", Guide(Lookahead.Greedy));
Report("two Euler steps", Guide(Lookahead.Euler(2)));
Report("two midpoint steps", Guide(Lookahead.Midpoint(2)));
Report("end to end", Guide(Lookahead.EndToEnd()));

static GuidanceOptions Guide(Lookahead lookahead) => new() { StateStrength = 0.1, Lookahead = lookahead };

void Report(string name, GuidanceOptions options)
{
    GuidedSample guided = new GuidedSampler(denoiser, schedule, grid, options).Sample(xT, null, loss);
    double off = (guided.Sample.unsqueeze(1) - centres).norm(2).min(1).values.mean().item<double>();
    Console.WriteLine($"{name,-32} loss {guided.Loss.mean().item<double>():F4}  distance to the data {off:F3}  {guided.Cost.NetworkEvaluations,4} evaluations  {guided.Cost.VectorJacobianProducts,4} products");
    foreach (DivergedItem item in guided.Diverged)
    {
        Console.WriteLine($"  diverged: {item}");
    }
}
