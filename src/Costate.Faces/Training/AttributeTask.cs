using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Recognition;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>
/// Attribute judges learn to see what captions say, from faces of 128 pixels a side and the traits they were drawn from. Faces are seen by
/// their <see cref="FaceFrequencies"/>.
/// </summary>
internal sealed class AttributeTask : TrainingTask
{
    internal const string WeightsFile = AttributeJudges.FileName;

    // Apart from all that other held-out people are for.
    private const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 300_000;
    private const int MaxHeldOut = 2000;
    private const double Noise = 0.1;

    private readonly FaceData data;
    private readonly TrainingSettings settings;
    private readonly FaceRecogniser network;
    private readonly FaceRecogniser average;
    private readonly Tensor labels;
    private readonly Tensor frequencies;
    private readonly Lazy<(Tensor Faces, Tensor Labels)> heldOut;

    internal AttributeTask(FaceRecogniserConfig config, FaceData data, TrainingSettings settings)
    {
        (this.data, this.settings) = (data, settings);
        labels = AttributeJudges.Labels(data.Selection.Seeds(), nearest: true).DetachFromDisposeScope();
        frequencies = FaceFrequencies.Of(data.Selection).DetachFromDisposeScope();
        int identities = Math.Min(MaxHeldOut, data.Selection.Count);
        var others = new FaceSelection { Identities = identities, Circumstances = 1, Size = AttributeJudges.Side };
        heldOut = new(() => (
            FaceData.HeldOut(others, FirstIdentity).DetachFromDisposeScope(),
            AttributeJudges.Labels(others.Seeds(FirstIdentity)).DetachFromDisposeScope()));
        network = new FaceRecogniser(config);
        average = new FaceRecogniser(config);
        average.eval();
        using var random = new StepRandom(settings.Seed, 0);
        random.Initialise(network);
        Parameters = AutoencoderTask.Trained(network, average);
        Settings = new Dictionary<string, string> { ["width"] = $"{config.Width}", ["data"] = data.Selection.Description };
    }

    internal override IReadOnlyList<TrainedParameter> Parameters { get; }

    internal override IReadOnlyDictionary<string, string> Settings { get; }

    internal override IReadOnlyList<string> Measures { get; } = [.. FaceAttribute.All.Select(a => a.Name)];

    internal override double Accumulate(StepRandom random, double progress)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor indices = random.Places(frequencies, settings.Batch);
        double sum = 0;
        for (int first = 0; first < settings.Batch; first += settings.MicroBatch)
        {
            using DisposeScope part = NewDisposeScope();
            int count = Math.Min(settings.MicroBatch, settings.Batch - first);
            Tensor chosen = indices.narrow(0, first, count);
            Tensor faces = FaceAugmentation.Shifted(data.Faces(chosen), random);
            Tensor noise = random.Normal(faces.shape) * (random.Uniform(count, 1, 1, 1).square() * Noise);
            Tensor outputs = network.call(faces + noise);
            Tensor loss = AttributeJudges.Loss(outputs, labels.index_select(0, chosen)) * ((double)count / settings.Batch);
            loss.backward();
            sum += loss.item<float>();
        }

        return sum;
    }

    internal override IReadOnlyList<double> Validate(string folder, long step) =>
        AttributeJudges.Accuracy(average, heldOut.Value.Faces, heldOut.Value.Labels);

    internal override string Save(string folder, IReadOnlyDictionary<string, string> metadata)
    {
        var all = new Dictionary<string, string>(metadata) { [AttributeJudges.AttributesName] = AttributeJudges.Outputs };
        average.Save(Path.Combine(folder, WeightsFile), ScalarType.Float16, all);
        return WeightsFile;
    }

    public override void Dispose()
    {
        network.Dispose();
        average.Dispose();
        labels.Dispose();
        frequencies.Dispose();
        if (heldOut.IsValueCreated)
        {
            heldOut.Value.Faces.Dispose();
            heldOut.Value.Labels.Dispose();
        }
    }
}
