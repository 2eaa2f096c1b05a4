using Costate.Faces.Recognition;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>
/// A recogniser learns to tell the identities of the training faces apart, by a softmax with an angular margin over a centre for each.
/// </summary>
internal sealed class RecogniserTask : TrainingTask
{
    internal const string WeightsFile = "recogniser.safetensors";

    private const double CentreScale = 0.05;
    private const double MarginWarmUp = 0.2;
    private const int MaxHeldOut = 400;
    private const int HeldOutCircumstances = 4;
    private const int EvaluationBatch = 32;

    private readonly FaceData data;
    private readonly TrainingSettings settings;
    private readonly FaceRecogniser network;
    private readonly FaceRecogniser average;
    private readonly Parameter centres;
    private readonly AngularMargin margin;
    private readonly Lazy<Tensor> heldOut;

    internal RecogniserTask(FaceRecogniserConfig config, string loss, FaceData data, TrainingSettings settings)
    {
        (this.data, this.settings) = (data, settings);
        margin = AngularMargin.Named(loss);

        // As many as it learns from, so that a small training is not all validation.
        int identities = Math.Min(MaxHeldOut, data.Identities);
        heldOut = new(() => FaceData.HeldOut(identities, HeldOutCircumstances).DetachFromDisposeScope());
        network = new FaceRecogniser(config);
        average = new FaceRecogniser(config);
        average.eval();
        using var random = new StepRandom(settings.Seed, 0);
        random.Initialise(network);
        using DisposeScope scope = NewDisposeScope();

        // Small, so that a few steps of Adam can turn them anywhere; only their directions count.
        using Scalar length = CentreScale;
        centres = new Parameter(random.Normal(data.Identities, config.EmbeddingWidth).mul_(length));
        centres.DetachFromDisposeScope();
        Parameters = [.. AutoencoderTask.Trained(network, average), new TrainedParameter("centres", centres, null)];
        Settings = new Dictionary<string, string>
        {
            ["loss"] = loss,
            ["width"] = $"{config.Width}",
            ["data"] = data.Selection.Description,
        };
    }

    internal override IReadOnlyList<TrainedParameter> Parameters { get; }

    internal override IReadOnlyDictionary<string, Tensor> State => margin.State;

    internal override IReadOnlyDictionary<string, string> Settings { get; }

    internal override IReadOnlyList<string> Measures => ["threshold", "true_match_rate"];

    internal override double Accumulate(StepRandom random, double progress)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor indices = random.Integers(data.Count, settings.Batch);
        double sum = 0;
        for (int first = 0; first < settings.Batch; first += settings.MicroBatch)
        {
            using DisposeScope part = NewDisposeScope();
            int count = Math.Min(settings.MicroBatch, settings.Batch - first);
            Tensor chosen = indices.narrow(0, first, count);
            Tensor features = network.call(FaceAugmentation.Apply(data.Faces(chosen), random));
            Tensor loss =
                margin.Loss(features, centres, data.Labels(chosen), Math.Min(1, progress / MarginWarmUp), random)
                * ((double)count / settings.Batch);
            loss.backward();
            sum += loss.item<float>();
        }

        return sum;
    }

    internal override IReadOnlyList<double> Validate(string folder, long step)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor embeddings = cat([.. heldOut.Value.split(EvaluationBatch).Select(average.Embed)], 0);
        MatchScores scores = MatchScores.Of(embeddings, HeldOutCircumstances);
        double threshold = scores.Threshold(RecogniserEvaluation.TargetFalseMatchRate);
        return [threshold, scores.TrueMatchRate(threshold)];
    }

    internal override string Save(string folder, IReadOnlyDictionary<string, string> metadata)
    {
        average.Save(Path.Combine(folder, WeightsFile), ScalarType.Float16, metadata);
        return WeightsFile;
    }

    public override void Dispose()
    {
        network.Dispose();
        average.Dispose();
        centres.Dispose();
        margin.Dispose();
        if (heldOut.IsValueCreated)
        {
            heldOut.Value.Dispose();
        }
    }
}
