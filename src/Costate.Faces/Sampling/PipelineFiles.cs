using Costate.Networks;

namespace Costate.Faces.Sampling;

/// <summary>What the files of a pipeline say, a folder or a single file, without reading a weight.</summary>
internal static class PipelineFiles
{
    private static readonly string[] Networks = ["unet", "transformer", "vae", "text_encoder", "text_encoder_2", "text_encoder_3"];

    /// <summary>Whether a folder is meant as a pipeline: it has the file that says so, or is told words.</summary>
    internal static bool IsFolder(string path, bool isTold) =>
        Directory.Exists(path) && (isTold || File.Exists(Path.Combine(path, "model_index.json")));

    /// <summary>Whether a file is meant as a whole model rather than a program: such files hold weights alone.</summary>
    internal static bool IsSingleFile(string path) =>
        (Path.GetExtension(path).ToLowerInvariant() is ".safetensors" or ".ckpt") && File.Exists(path);

    /// <summary>Its scheduler, or another one that takes what it knows of its configuration.</summary>
    /// <exception cref="SchedulerConfigurationException">The configuration cannot be read or used.</exception>
    /// <exception cref="FileNotFoundException">The folder is none of a pipeline.</exception>
    /// <exception cref="InvalidDataException">The file is none of a pipeline.</exception>
    /// <exception cref="InputException">The configuration does not tell what the network predicts.</exception>
    internal static SchedulerConfiguration Scheduler(string model, string? className, Prediction? prediction = null)
    {
        string file = Path.Combine(model, "scheduler", "scheduler_config.json");
        bool isFolder = File.Exists(file) && File.Exists(Path.Combine(model, "model_index.json"));
        return isFolder ? SchedulerConfiguration.OfPipeline(file, className, prediction)
            : PipelineParts.Read(model, className, prediction).Scheduler;
    }

    /// <summary>The networks that it has, each with its open weights; dispose them.</summary>
    /// <param name="model">The folder or file.</param>
    /// <param name="variant">Which of several weights, or null; networks that have none of it have those without a word.</param>
    internal static IEnumerable<(string Part, WeightSource Weights)> Open(string model, string? variant)
    {
        if (Directory.Exists(model))
        {
            foreach (string part in Networks.Where(part => Directory.Exists(Path.Combine(model, part))))
            {
                yield return (part, Weights(Path.Combine(model, part), variant));
            }

            yield break;
        }

        using WeightSource file = WeightSource.Open(model);
        OriginalCheckpoint original = OriginalCheckpoint.Of(file);
        foreach (string part in original.Parts)
        {
            yield return (part, original.Part(part));
        }
    }

    /// <summary>The family that the names in a single file tell of.</summary>
    internal static string Family(string file)
    {
        using WeightSource weights = WeightSource.Open(file);
        return OriginalCheckpoint.Of(weights).Family.ToString();
    }

    /// <summary>How many bytes of weights there are to read.</summary>
    internal static long Bytes(string model, string? variant)
    {
        long sum = 0;
        foreach ((_, WeightSource weights) in Open(model, variant))
        {
            using (weights)
            {
                sum += weights.Names.Sum(name => weights.Info(name).ByteCount);
            }
        }

        return sum;
    }

    private static WeightSource Weights(string folder, string? variant)
    {
        try
        {
            return WeightSource.Open(folder, variant);
        }
        catch (FileNotFoundException) when (variant is not null)
        {
            return WeightSource.Open(folder);
        }
    }
}
