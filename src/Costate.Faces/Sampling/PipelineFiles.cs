using Costate.Networks;

namespace Costate.Faces.Sampling;

/// <summary>What the files of a pipeline's folder say, without reading a weight.</summary>
internal static class PipelineFiles
{
    private static readonly string[] Networks = ["unet", "transformer", "vae", "text_encoder", "text_encoder_2", "text_encoder_3"];

    /// <summary>Its scheduler, or another one that takes what it knows of its configuration.</summary>
    /// <exception cref="SchedulerConfigurationException">The configuration cannot be read or used.</exception>
    /// <exception cref="FileNotFoundException">The folder is none of a pipeline.</exception>
    /// <exception cref="InputException">The configuration does not tell what the network predicts.</exception>
    internal static SchedulerConfiguration Scheduler(string folder, string? className, Prediction? prediction = null)
    {
        string file = Path.Combine(folder, "scheduler", "scheduler_config.json");
        if (!File.Exists(file) || !File.Exists(Path.Combine(folder, "model_index.json")))
        {
            // Which says what is there instead.
            PipelineFolder.Read(folder, scheduler: null, prediction: null);
        }

        return SchedulerConfiguration.OfPipeline(file, className, prediction);
    }

    /// <summary>The networks that it has, each with its open weights; dispose them.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="variant">Which of several weights, or null; networks that have none of it have those without a word.</param>
    internal static IEnumerable<(string Part, WeightSource Weights)> Open(string folder, string? variant)
    {
        foreach (string part in Networks.Where(part => Directory.Exists(Path.Combine(folder, part))))
        {
            yield return (part, Weights(Path.Combine(folder, part), variant));
        }
    }

    /// <summary>How many bytes of weights there are to read.</summary>
    internal static long Bytes(string folder, string? variant)
    {
        long sum = 0;
        foreach ((_, WeightSource weights) in Open(folder, variant))
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
