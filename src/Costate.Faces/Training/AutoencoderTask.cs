using System.Globalization;
using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Pictures;
using Costate.Faces.Recognition;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>
/// A diffusion autoencoder learns to tell noise and face apart from the noisy face and the code of the clean one
/// (Preechakul et al. 2022, eq. 6), at times drawn evenly from the continuous schedule. Where it predicts the velocity, the loss is
/// that of the velocity (Salimans and Ho 2022). Times with little noise count less, for what is left to tell there is grain: a loss counts
/// by 1 / (1 + SNR / 5) (after Hang et al. 2023), which makes it about as large at all times. An encoder learns with
/// <see cref="CodeDecoder"/> too, at first with nothing else, but where trained weights are gone on with as they are.
/// </summary>
internal sealed class AutoencoderTask : TrainingTask
{
    internal const string WeightsFile = EmbeddedModel.AutoencoderFile;

    /// <summary>The share of a training in which the encoder learns alone, at a fifth of the cost, unless it begins trained.</summary>
    internal const double EncoderFirst = 0.4;

    private const double BalancedSnr = 5;
    private const double FirstTime = 1e-3;

    // Five times what means of standard normal noise over 32 x 32 patches deviate by, so that it is learnt soon.
    private const double MostPattern = 0.15;
    private const int TrainingTimesteps = 1000;
    private const int MaxShown = 16;
    private const int Steps = 20;

    private readonly FaceData data;
    private readonly TrainingSettings settings;
    private readonly double encoderFirst;
    private readonly PatchedAutoencoder network;
    private readonly PatchedAutoencoder average;

    // Null where the encoder begins trained and never learns alone.
    private readonly CodeDecoder? decoder;
    private readonly Tensor? traits;

    /// <param name="config">The network's shape.</param>
    /// <param name="data">What it learns from.</param>
    /// <param name="settings">How.</param>
    /// <param name="from">Weights of such a network, or of a narrower one, to begin with; null to begin with random ones.</param>
    /// <param name="encoderFirst">The share of the training, 0 to 1, in which the encoder learns alone; null for
    /// <see cref="EncoderFirst"/>, and for none with weights of the same network.</param>
    internal AutoencoderTask(
        PatchedAutoencoderConfig config,
        FaceData data,
        TrainingSettings settings,
        string? from = null,
        double? encoderFirst = null)
    {
        (this.data, this.settings) = (data, settings);
        network = new PatchedAutoencoder(config);
        average = new PatchedAutoencoder(config);
        average.eval();
        using var random = new StepRandom(settings.Seed, 0);
        random.Initialise(network);
        bool isTrained = from is not null && Begin(from, random);
        this.encoderFirst = encoderFirst ?? (isTrained ? 0 : EncoderFirst);
        if (!isTrained || this.encoderFirst > 0)
        {
            traits = Traits(data.Selection).DetachFromDisposeScope();
            decoder = new CodeDecoder(config, traits.shape[1]);
            random.Initialise(decoder);
        }

        Parameters =
        [
            .. Trained(network, average),
            .. decoder?.named_parameters().Select(p => new TrainedParameter($"decoder.{p.name}", p.parameter, null)) ?? [],
        ];
        Settings = new Dictionary<string, string>
        {
            ["data"] = data.Selection.Description,
            ["from"] = from is null ? "random weights" : Calibration.Digest(from),
            ["encoder first"] = this.encoderFirst.ToString(CultureInfo.InvariantCulture),
        };
    }

    /// <summary>Of the noise that it learns to predict.</summary>
    internal static NoiseSchedule Schedule { get; } = NoiseSchedule.VpLinear(0.1, 20);

    internal override IReadOnlyList<TrainedParameter> Parameters { get; }

    internal override IReadOnlyDictionary<string, string> Settings { get; }

    internal override IReadOnlyList<string> Measures => ["psnr_encoded_noise", "psnr_random_noise"];

    internal override double Accumulate(StepRandom random, double progress)
    {
        using DisposeScope scope = NewDisposeScope();
        int batch = settings.Batch;
        Tensor indices = random.Integers(data.Count, batch);
        Tensor noise = random.Normal(batch, 3, FaceData.Size, FaceData.Size);

        // One time from each of as many equal parts of the range: the loss depends on it more than on all else.
        Tensor times = (arange(batch, ScalarType.Float32) + random.Uniform(batch)) * ((1 - FirstTime) / batch) + FirstTime;
        (Tensor alpha, Tensor sigma) = Levels(times);
        Tensor weights = 1 / (1 + ((alpha / sigma).square() / BalancedSnr));
        noise += Patterns(random, batch) / sigma;
        double sum = 0;
        for (int first = 0; first < batch; first += settings.MicroBatch)
        {
            using DisposeScope part = NewDisposeScope();
            int count = Math.Min(settings.MicroBatch, batch - first);
            Tensor Part(Tensor all) => all.narrow(0, first, count);
            Tensor faces = data.Faces(Part(indices));
            Tensor eps = Part(noise);
            (Tensor signal, Tensor level) = (Part(alpha), Part(sigma));
            Tensor noisy = (faces * signal) + (eps * level);
            Tensor target = network.Config.Prediction == Prediction.Velocity ? (eps * signal) - (faces * level) : eps;
            Tensor codes = network.Encode(faces);
            Tensor loss = decoder is null ? zeros(1) : decoder.Loss(codes, faces, traits!.index_select(0, Part(indices)));
            if (decoder is null || progress >= encoderFirst)
            {
                Tensor told = (Part(times) * TrainingTimesteps) - 1;
                loss += ((network.call(noisy, told, codes) - target).square() * Part(weights)).mean();
            }

            loss *= (double)count / batch;
            loss.backward();
            sum += loss.item<float>();
        }

        return sum;
    }

    internal override IReadOnlyList<double> Validate(string folder, long step)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        int shown = Math.Min(MaxShown, data.Identities);
        Tensor faces = FaceData.HeldOut(shown, 1);
        Tensor codes = average.Encode(faces);
        var sampler = new Sampler(
            average.ToDenoiser(TrainingTimesteps),
            Schedule,
            Solver.DpmSolverPlusPlus(2),
            TimeGrid.UniformLogSnr(Schedule, Steps));
        Tensor fromRandom = sampler.Sample(StartNoise.Draw(faces.shape, seed: 1), codes);
        using NoiseState noise = sampler.Invert(faces, codes);
        Tensor fromEncoded = sampler.Sample(noise, codes);
        ContactSheet.WriteFile(Path.Combine(folder, $"samples-{step:0000000}.png"), cat([faces, fromEncoded, fromRandom], 0), shown);
        return [Psnr(fromEncoded, faces), Psnr(fromRandom, faces)];
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
        decoder?.Dispose();
        traits?.Dispose();
    }

    /// <summary>Pairs a network's parameters with those of the network that averages them, which become equal first.</summary>
    internal static IReadOnlyList<TrainedParameter> Trained(nn.Module network, nn.Module average)
    {
        using IDisposable noGraph = no_grad();
        var trained = network.named_parameters().Zip(average.parameters(), (p, a) => new TrainedParameter(p.name, p.parameter, a)).ToList();
        foreach (TrainedParameter parameter in trained)
        {
            parameter.Average!.copy_(parameter.Value);
            parameter.Average.requires_grad = false;
        }

        return trained;
    }

    // In units of their standard deviations, from their means.
    private static Tensor Traits(FaceSelection selection)
    {
        using DisposeScope scope = NewDisposeScope();
        float[][] rows =
        [
            .. selection
                .Seeds()
                .Select(s => FaceTraits.Of(FaceIdentity.FromSeed(s.Identity), DrawnFaces.Moment(s.Identity, s.Circumstance))),
        ];
        Tensor all = tensor([.. rows.SelectMany(row => row)], [rows.Length, rows[0].Length]);
        return all.sub(all.mean([0])).div(all.std(0, unbiased: false).add(1e-6)).MoveToOuterDisposeScope();
    }

    private bool Begin(string from, StepRandom random)
    {
        try
        {
            return WidenedWeights.Copy(from, network, random);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The mean over pictures of the ratio of peak signal to noise, in decibels.</summary>
    internal static double Psnr(Tensor got, Tensor expected)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor errors = (got.clamp(-1, 1) - expected).square().mean([1, 2, 3]);

        // The range of values is 2.
        return (10 * (4 / errors).log10()).mean().item<float>();
    }

    // What the pixels of a patch differ by in all patches alike, [batch, 3, size, size], without a change of colour: all of it is noise. Of
    // drawn noise it is so small a part that no loss shows it, but what of it is left in a sample is seen as grain.
    private Tensor Patterns(StepRandom random, int batch)
    {
        int patch = network.Config.PatchSize, repeats = FaceData.Size / patch;
        Tensor one = random.Normal(batch, 3, patch, patch);
        return ((one - one.mean([2, 3], keepdim: true)) * random.Uniform(batch, 1, 1, 1) * MostPattern).repeat(1, 1, repeats, repeats);
    }

    private static (Tensor Alpha, Tensor Sigma) Levels(Tensor times)
    {
        double[] exact = [.. times.data<float>().Select(t => (double)t)];
        Tensor Of(Func<double, double> level) => tensor(exact.Select(t => (float)level(t)).ToArray(), [exact.Length, 1, 1, 1]);
        return (Of(Schedule.Alpha), Of(Schedule.Sigma));
    }
}
