using Costate.Faces.Recognition;
using Costate.Networks;
using TorchSharp;

namespace Costate.Faces.Models;

/// <summary>
/// The networks that come with the tool: a diffusion autoencoder of drawn faces and recognisers of them. Each is read when it is first
/// asked for, frozen and in evaluation mode.
/// </summary>
/// <param name="folder">Where the weights are; those that the tool came with if null.</param>
/// <param name="device">Where the networks are; on the CPU if null.</param>
internal sealed class EmbeddedModel(string? folder = null, torch.Device? device = null) : IDisposable
{
    /// <summary>The autoencoder's file in a folder of weights.</summary>
    internal const string AutoencoderFile = "autoencoder.safetensors";

    /// <summary>Height and width of the faces, in pixels.</summary>
    internal const int Side = 64;

    /// <summary>The name of the schedule that the autoencoder is trained with.</summary>
    internal const string ScheduleName = "vp-linear:0.1,20";

    /// <summary>The training steps that the autoencoder counts times in.</summary>
    internal const int TrainingTimesteps = 1000;

    // The last noise of the grid is too little to see.
    private const double End = 1e-3;

    /// <summary>The scale of guidance that the text-to-image model draws best at.</summary>
    internal const double TextGuidanceScale = 3;

    private const string TextFolderName = "text";
    private const string FolderName = "Weights";
    private const string Cure =
        "Build the tool again if these weights came with it; otherwise give a folder of weights that costate train all has written.";

    private readonly bool isEmbedded = folder is null;
    private readonly List<IDisposable> opened = [];
    private readonly Dictionary<string, EmbeddedRecogniser> recognisers = [];
    private PatchedAutoencoder? autoencoder;
    private AttributeJudges? attributes;
    private Calibration? calibration;

    /// <summary>Where the weights are.</summary>
    internal string Folder { get; } = Path.GetFullPath(folder ?? Path.Combine(AppContext.BaseDirectory, FolderName));

    /// <summary>Where the networks are.</summary>
    internal torch.Device Device { get; } = device ?? torch.CPU;

    /// <summary>The text-to-image model of drawn faces, in Stable Diffusion's layout.</summary>
    internal string TextFolder => Path.Combine(Folder, TextFolderName);

    /// <summary>The schedule that the autoencoder is trained with.</summary>
    internal NoiseSchedule Schedule { get; } = NoiseSchedule.VpLinear(0.1, 20);

    /// <summary>Of one face.</summary>
    internal static long[] Shape => [3, Side, Side];

    /// <summary>The diffusion autoencoder.</summary>
    /// <exception cref="InvalidDataException">Its file is missing, damaged or of another network.</exception>
    internal PatchedAutoencoder Autoencoder => autoencoder ??= Opened(OpenAutoencoder(Path.Combine(Folder, AutoencoderFile), Device));

    /// <summary>The autoencoder as a model of faces under their semantic codes. It owns all networks that are opened.</summary>
    /// <exception cref="InvalidDataException">Its file is missing, damaged or of another network.</exception>
    internal Model ToModel() => new(
        isEmbedded ? "embedded" : Folder,
        Autoencoder.ToDenoiser(TrainingTimesteps).WithFingerprint(Autoencoder.parameters()),
        Schedule,
        this)
    {
        Grid = steps => TimeGrid.UniformLogSnr(Schedule, steps, 1, End),
        Shape = Shape,
        Device = Device,
        Encode = Autoencoder.Encode,
    };

    /// <summary>The recogniser that losses may use.</summary>
    /// <exception cref="InvalidDataException">A file is missing, damaged, of another network, or not calibrated.</exception>
    internal EmbeddedRecogniser Attack => Recogniser(EmbeddedRecogniser.AttackName);

    /// <summary>The recognisers that only judge.</summary>
    /// <exception cref="InvalidDataException">A file is missing, damaged, of another network, or not calibrated.</exception>
    internal IReadOnlyList<EmbeddedRecogniser> Judges => [.. EmbeddedRecogniser.JudgeNames.Select(Recogniser)];

    /// <summary>The recogniser that only chooses which identities are similar.</summary>
    /// <exception cref="InvalidDataException">A file is missing, damaged, of another network, or not calibrated.</exception>
    internal EmbeddedRecogniser Pairs => Recogniser(EmbeddedRecogniser.PairsName);

    /// <summary>The judges of what captions say.</summary>
    /// <exception cref="InvalidDataException">Their file is missing, damaged or of other attributes.</exception>
    internal AttributeJudges Attributes =>
        attributes ??= Opened(AttributeJudges.Open(Path.Combine(Folder, AttributeJudges.FileName), Device));

    /// <summary>Reads the autoencoder and the recognisers, looks at every weight, and returns how many networks these are.</summary>
    /// <exception cref="InvalidDataException">A file is missing, damaged or of another network, or a weight is no number.</exception>
    internal int Check()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (string Name, torch.nn.Module Network)[] networks =
        [
            ("the autoencoder", Autoencoder),
            .. Judges.Append(Attack).Append(Pairs).Select(r => (r.Name, (torch.nn.Module)r.Network)),
        ];
        foreach ((string name, torch.nn.Module network) in networks)
        {
            if (network.parameters().Any(p => !p.isfinite().all().item<bool>()))
            {
                throw new InvalidDataException($"Some weights of {name} in '{Folder}' are no numbers. {Cure}");
            }
        }

        return networks.Length;
    }

    /// <summary>A recogniser's network alone, without its threshold. Dispose it.</summary>
    /// <exception cref="InvalidDataException">Its file is missing, damaged or of another network.</exception>
    internal static FaceRecogniser OpenRecogniser(string path, torch.Device device) => Open(
        path,
        "a face recogniser",
        p => FaceRecogniser.FromPretrained(p, device),
        network => (network.Config.InChannels, network.Config.ImageSize),
        () => new FaceRecogniser(new FaceRecogniserConfig()));

    public void Dispose()
    {
        foreach (IDisposable network in opened)
        {
            network.Dispose();
        }
    }

    private static PatchedAutoencoder OpenAutoencoder(string path, torch.Device device) => Open(
        path,
        "a diffusion autoencoder",
        p => PatchedAutoencoder.FromPretrained(p, device),
        network => (network.Config.ImageChannels, network.Config.ImageSize),
        () => new PatchedAutoencoder(PatchedAutoencoderConfig.Faces64));

    private static TNetwork Open<TNetwork>(
        string path,
        string what,
        Func<string, TNetwork> read,
        Func<TNetwork, (int Channels, int Size)> images,
        Func<TNetwork> embedded)
        where TNetwork : torch.nn.Module
    {
        TNetwork? network = null;
        try
        {
            network = read(path);
            return images(network) == (3, Side)
                ? network
                : throw new InvalidDataException(
                    $"It is for images of {images(network).Channels} channels and {images(network).Size} pixels a side; "
                        + $"expected 3 and {Side}.");
        }
        catch (SafetensorsException e)
        {
            throw new InvalidDataException($"{e.Message} {Cure}", e);
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or NotSupportedException)
        {
            network?.Dispose();
            using TNetwork expected = embedded();
            string why = ParameterLayout.FirstDifference(path, expected) ?? e.Message;
            throw new InvalidDataException($"'{path}' is not {what} for drawn faces: {why} {Cure}", e);
        }
    }

    private EmbeddedRecogniser Recogniser(string name)
    {
        if (recognisers.TryGetValue(name, out EmbeddedRecogniser? known))
        {
            return known;
        }

        calibration ??= Calibration.Read(Folder);
        string path = Path.Combine(Folder, EmbeddedRecogniser.FileOf(name));
        FaceRecogniser network = Opened(OpenRecogniser(path, Device));
        return recognisers[name] = new EmbeddedRecogniser(network, calibration.Of(name, path));
    }

    private T Opened<T>(T network)
        where T : IDisposable
    {
        opened.Add(network);
        return network;
    }
}
