using System.CommandLine;
using Costate.Cli.Files;
using Costate.Faces.Names;
using Costate.Faces.Sampling;
using Costate.Networks;
using static TorchSharp.torch;
using Option = System.CommandLine.Option;

namespace Costate.Cli.Commands.Guide;

/// <summary>The options that say which model is guided.</summary>
internal sealed class GuideModelOptions
{
    private static readonly (string Name, Prediction Value)[] Predictions =
    [
        .. Enum.GetValues<Prediction>().Select(p => (p.ToString().ToLowerInvariant(), p)),
    ];

    private readonly Option<string?> model = CommonOptions.Text(
        "--model", "FILE",
        "A denoiser of yours, a TorchScript file as costate sample takes it; the image is as large as it wants. "
            + "It is a program: run only files whose origin you trust. [default: the embedded model of drawn faces]");
    private readonly Option<string?> schedule = CommonOptions.Text(
        "--schedule", "NAME[:N,N]", "With --model: the noise schedule that it was trained on; see below.");
    private readonly Option<string?> prediction = CommonOptions.Text(
        "--prediction", "KIND", $"With --model: what it predicts: {string.Join(", ", Predictions.Select(p => p.Name))}.");
    private readonly Option<double?> timeScale = CommonOptions.Number(
        "--time-scale", "S", v => v > 0, "a number above 0", "With --model: it is told S t for time t in [0, 1]. [default: 1]");
    private readonly Option<int?> trainingTimesteps = CommonOptions.Whole(
        "--training-timesteps", 1, int.MaxValue, "With --model: it is told a training step in 0..N-1 instead of a time.");
    private readonly Option<string?> condition = CommonOptions.Text(
        "--condition", TensorFile.Form, "With --model: the condition z, a tensor [1, ...] in a safetensors file.");
    private readonly Option<string?> weights = CommonOptions.Weights();

    /// <summary>All of them, in the order of the help.</summary>
    internal IReadOnlyList<Option> All =>
    [
        model, schedule, prediction, timeScale, trainingTimesteps, condition, weights,
    ];

    /// <summary>Where the weights of the embedded model are; null for those of the tool.</summary>
    internal string? Weights(ParseResult parsed) => parsed.GetValue(weights);

    /// <summary>
    /// What loads the user's model and its condition, [1, ...] or null, into the caller's dispose scope; null for the embedded model.
    /// </summary>
    /// <exception cref="UsageException">A value is not what its option expects, or two do not go together.</exception>
    internal Func<InputFiles, (Model Model, Tensor? Condition)>? Parse(ParseResult parsed)
    {
        if (parsed.GetValue(model) is not string path)
        {
            Option? odd = ((Option[])[schedule, prediction, timeScale, trainingTimesteps, condition]).FirstOrDefault(o =>
                parsed.GetResult(o) is { Implicit: false });
            return odd is null
                ? null
                : throw new UsageException($"Got {odd.Name} without --model, whose denoiser it is about; leave it out, or give --model.");
        }

        if (parsed.GetValue(weights) is not null)
        {
            throw new UsageException("Got --weights with --model; they are of the embedded model. Leave out one of them.");
        }

        if (parsed.GetValue(schedule) is not string named || parsed.GetValue(prediction) is not string predicts)
        {
            throw new UsageException(
                $"Got --model without {(parsed.GetValue(schedule) is null ? "--schedule" : "--prediction")}; "
                    + "expected both, as the network was trained.");
        }

        if (parsed.GetValue(timeScale) is not null && parsed.GetValue(trainingTimesteps) is not null)
        {
            throw new UsageException("Got both --time-scale and --training-timesteps; give the one that the network was trained with.");
        }

        Prediction kind = Specification.Find("prediction", predicts, Predictions, p => p.Name).Value;
        return files => Load(files, path, parsed.GetValue(condition), steps => SamplingPlan.FromNames(
            named,
            kind,
            solver: null,
            grid: null,
            steps,
            start: null,
            end: null,
            parsed.GetValue(timeScale),
            parsed.GetValue(trainingTimesteps)));
    }

    private static (Model Model, Tensor? Condition) Load(InputFiles files, string path, string? condition, Func<int, SamplingPlan> planOf)
    {
        SamplingPlan plan = planOf(2);
        Model model = ModelFile.Open(path, plan, ScalarType.Float32, steps => planOf(steps).Grid);
        try
        {
            Tensor? z = condition is null
                ? null
                : TensorFile.ForBatch("--condition", TensorFile.Read(files, "--condition", condition, ScalarType.Float32), 1);
            return (model, z);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
