using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Recognition;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Training.TextToImage;

/// <summary>
/// A U-Net learns to tell noise and latent apart from the noisy latent and a caption of the face, as velocity (Salimans and Ho 2022). One
/// caption in ten is empty, for guidance without a classifier (Ho and Salimans 2022). A loss counts by 1 / (1 + SNR / 5), as that of
/// <see cref="AutoencoderTask"/>, and five times where mouths are, of which a smile is so small a part that it would not be learnt
/// otherwise. Faces are seen by their <see cref="FaceFrequencies"/>. Half of what a batch evaluates are <see cref="FaceTwins"/>: the noisy
/// latent of a face under its caption, and the same latent under its twin's, so that only what the word changes lies between the two
/// predictions of the clean latents. That is to be what lies between the twins, by 1 / (1 + SNR): where noise hides both, that is what
/// their means differ by; where the latent shows one of them, it is what an edit asks for.
/// </summary>
internal sealed class TextUnetTask : TrainingTask
{
    // Apart from all that other held-out people are for.
    private const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 440_000;
    private const double BalancedSnr = 5;
    private const double Empty = 0.1;

    // One pair of twins for so many of a batch, as many in pairs as alone.
    private const int PairEvery = 4;

    /// <summary>How much what words change between twins counts: it is small, and what single faces teach is noise to it.</summary>
    internal const double TwinWeight = 8;

    // In shares of the side: where a smile or a moustache changes the latents of most faces.
    private const double MouthTop = 9 / 16.0;
    private const double MouthBottom = 13 / 16.0;
    private const double MouthLeft = 6 / 16.0;
    private const double MouthRight = 10 / 16.0;
    private const float MouthWeight = 5;

    private const int MaxHeldOut = 64;

    private readonly FaceLatents latents;
    private readonly FaceTwins twins;
    private readonly TrainingSettings settings;
    private readonly TextModelFolder model;
    private readonly CaptionTokens captions;
    private readonly ClipTextModel text;
    private readonly UNet2DConditionModel network;
    private readonly UNet2DConditionModel average;
    private readonly Tensor emptyText;
    private readonly Tensor frequencies;
    private readonly Tensor places;
    private readonly float[] signals;
    private readonly float[] levels;
    private readonly Lazy<(Tensor Latents, Tensor Ids)> heldOut;
    private readonly TextModelPreview preview;
    private readonly long firstStep;

    /// <param name="config">The network's shape.</param>
    /// <param name="codec">The trained codec, which is used at once.</param>
    /// <param name="text">The trained text tower, which the task owns from now on.</param>
    /// <param name="latents">What it learns from, which the task owns from now on.</param>
    /// <param name="twins">What it learns from beside, which the task owns from now on.</param>
    /// <param name="model">Where it is written.</param>
    /// <param name="faces">The faces of the latents.</param>
    /// <param name="settings">How.</param>
    /// <param name="from">A model whose U-Net is gone on with; null to begin with random weights.</param>
    internal TextUnetTask(
        UNet2DConditionConfig config,
        AutoencoderKL codec,
        ClipTextModel text,
        FaceLatents latents,
        FaceTwins twins,
        TextModelFolder model,
        FaceSelection faces,
        TrainingSettings settings,
        TextModelFolder? from = null)
    {
        (this.text, this.latents, this.twins, this.model, this.settings) = (text, latents, twins, model, settings);
        ClipTokenizer tokenizer = model.Tokenizer;
        captions = new CaptionTokens(tokenizer, faces);
        emptyText = captions.Of("").DetachFromDisposeScope();
        frequencies = FaceFrequencies.Of(faces).DetachFromDisposeScope();
        places = Places(latents.Side).DetachFromDisposeScope();
        SchedulerConfiguration scheduler = SchedulerConfiguration.Parse(TextModelFolder.Scheduler);
        Steps = scheduler.TrainingTimesteps!.Value;
        double[] times = [.. Enumerable.Range(1, Steps).Select(k => (double)k / Steps)];
        signals = [.. times.Select(t => (float)scheduler.Schedule.Alpha(t))];
        levels = [.. times.Select(t => (float)scheduler.Schedule.Sigma(t))];
        FaceSelection others = faces with { Identities = Math.Min(MaxHeldOut, faces.Identities), Circumstances = 1 };
        var theirs = new CaptionTokens(tokenizer, others, FirstIdentity);
        IReadOnlyList<FaceCaption> told = theirs.First(others.Count);
        Tensor held = HeldOut(codec, others);
        heldOut = new(() => (held, theirs.Of(told).DetachFromDisposeScope()));
        preview = new TextModelPreview(model, told);
        network = new UNet2DConditionModel(config);
        average = new UNet2DConditionModel(config);
        average.eval();
        using var random = new StepRandom(settings.Seed, 0);
        random.Initialise(network);
        Residual.BeginAtZero(network, "conv2.weight", "proj_out.weight", "conv_out.weight");
        firstStep = from?.CopyUnet(network) ?? 0;
        Parameters = AutoencoderTask.Trained(network, average);
        var own = new Dictionary<string, string>
        {
            ["channels"] = string.Join(", ", config.BlockOutChannels),
            ["data"] = faces.Description,
            ["twins"] = FormattableString.Invariant($"{twins.Description}, counted {TwinWeight} times"),
            ["codec"] = latents.Codec,
            ["text"] = Calibration.Digest(model.PathTo(TextModelFolder.TextFile)),
        };
        if (from is not null)
        {
            own.Add("from", Calibration.Digest(from.PathTo(TextModelFolder.UnetFile)));
        }

        Settings = own;
    }

    internal override IReadOnlyList<TrainedParameter> Parameters { get; }

    internal override long FirstStep => firstStep;

    internal override IReadOnlyDictionary<string, string> Settings { get; }

    internal override IReadOnlyList<string> Measures => ["loss", .. TextModelPreview.Measures];

    private int Steps { get; }

    internal override double Accumulate(StepRandom random, double progress)
    {
        int pairs = settings.Batch / PairEvery, alone = settings.Batch - (2 * pairs);
        double loss = AccumulateAlone(random, alone, (double)alone / (alone + pairs));

        // A batch may be too small for a pair.
        return pairs == 0 ? loss : loss + AccumulatePairs(random, pairs, (double)pairs / (alone + pairs));
    }

    internal override IReadOnlyList<double> Validate(string folder, long step)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();

        // The same noise and times at all validations, and in all trainings.
        using var random = new StepRandom(1, 0);
        (Tensor faces, Tensor ids) = heldOut.Value;
        Tensor noise = random.Normal(faces.shape);
        Draws draws = Drawn(faces, noise, Times(faces.shape[0], random));
        Tensor predicted = average.call(draws.Noisy, draws.Steps, States(ids));
        double loss = ((predicted - draws.Velocity).square() * draws.Weights).mean().item<float>();
        model.WriteUnet(average, new Dictionary<string, string> { ["steps"] = $"{step}" });
        return [loss, .. preview.Write(Path.Combine(folder, $"samples-{step:0000000}.png"))];
    }

    internal override string Save(string folder, IReadOnlyDictionary<string, string> metadata) => model.WriteUnet(average, metadata);

    public override void Dispose()
    {
        network.Dispose();
        average.Dispose();
        text.Dispose();
        latents.Dispose();
        twins.Dispose();
        emptyText.Dispose();
        frequencies.Dispose();
        places.Dispose();
        heldOut.Value.Latents.Dispose();
        heldOut.Value.Ids.Dispose();
    }

    private double AccumulateAlone(StepRandom random, int faces, double share)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor indices = random.Places(frequencies, faces);
        IReadOnlyList<FaceCaption> said = captions.Draw(indices, random);
        Tensor ids = captions.Of([.. said.Select(c => c.Text)]);
        Tensor states = States(where(random.Uniform(faces, 1).lt(Empty), emptyText, ids));
        Tensor clean = latents.Of(indices);
        Draws draws = Drawn(clean, random.Normal(clean.shape), Times(faces, random));
        return Parts(faces, settings.MicroBatch, (first, count) =>
        {
            Tensor Part(Tensor all) => all.narrow(0, first, count);
            Tensor predicted = network.call(Part(draws.Noisy), Part(draws.Steps), Part(states));
            return Loss(predicted, Part(draws.Velocity), Part(draws.Weights)) * (share * count / faces);
        });
    }

    // Under its own caption a face teaches what one alone does.
    private double AccumulatePairs(StepRandom random, int pairs, double share)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor both, IReadOnlyList<string> said) = twins.Draw(pairs, random);
        Tensor states = States(captions.Of(said));
        (Tensor clean, Tensor changed) = (both.narrow(0, 0, pairs), both.narrow(0, pairs, pairs));
        Draws draws = Drawn(clean, random.Normal(clean.shape), Times(pairs, random));
        return Parts(pairs, Math.Max(1, settings.MicroBatch / 2), (first, count) =>
        {
            Tensor Part(Tensor all) => all.narrow(0, first, count);
            Tensor Twice(Tensor all) => cat([Part(all), Part(all)], 0);
            Tensor predicted = network.call(
                Twice(draws.Noisy), Twice(draws.Steps), cat([Part(states), states.narrow(0, pairs + first, count)], 0));
            (Tensor own, Tensor other) = (predicted.narrow(0, 0, count), predicted.narrow(0, count, count));

            // A velocity v predicts the clean latents alpha x - sigma v.
            Tensor level = Part(draws.Levels), between = (own - other) * level;
            return (Loss(own, Part(draws.Velocity), Part(draws.Weights)) * (share * count / pairs))
                + (Loss(between, Part(changed - clean), level.square()) * (TwinWeight * count / pairs));
        });
    }

    private Tensor Loss(Tensor predicted, Tensor expected, Tensor weights) => ((predicted - expected).square() * weights * places).mean();

    // The sum of the losses of the parts, each of which is gone back through by itself.
    private static double Parts(int items, int most, Func<int, int, Tensor> loss)
    {
        double sum = 0;
        for (int first = 0; first < items; first += most)
        {
            using DisposeScope part = NewDisposeScope();
            Tensor own = loss(first, Math.Min(most, items - first));
            own.backward();
            sum += own.item<float>();
        }

        return sum;
    }

    // How much each place of the latents counts, [side, side].
    private static Tensor Places(long side)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weights = ones(side, side);
        weights[At(MouthTop)..At(MouthBottom), At(MouthLeft)..At(MouthRight)].fill_(MouthWeight);
        return weights.MoveToOuterDisposeScope();

        int At(double share) => (int)Math.Round(share * side);
    }

    private static Tensor HeldOut(AutoencoderKL codec, FaceSelection faces)
    {
        using DisposeScope scope = NewDisposeScope();
        return FaceLatents.Encoded(codec, FaceData.HeldOut(faces, FirstIdentity)).DetachFromDisposeScope();
    }

    private Tensor States(Tensor ids)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        return text.call(ids).LastHiddenState.MoveToOuterDisposeScope();
    }

    // One time from each of as many equal parts of the training's steps: the loss depends on it more than on all else.
    private Tensor Times(long count, StepRandom random) =>
        (arange(count, ScalarType.Float32) + random.Uniform(count)) * ((double)Steps / count);

    private Draws Drawn(Tensor clean, Tensor noise, Tensor times)
    {
        int[] steps = [.. times.data<float>().Select(step => Math.Min(Steps - 1, (int)step))];
        Tensor signal = Column(signals), level = Column(levels);
        return new Draws(
            (clean * signal) + (noise * level),
            (noise * signal) - (clean * level),
            tensor([.. steps.Select(step => (float)step)]),
            level,
            1 / (1 + ((signal / level).square() / BalancedSnr)));

        Tensor Column(float[] table) => tensor(steps.Select(step => table[step]).ToArray(), [steps.Length, 1, 1, 1]);
    }

    private sealed record Draws(Tensor Noisy, Tensor Velocity, Tensor Steps, Tensor Levels, Tensor Weights);
}
