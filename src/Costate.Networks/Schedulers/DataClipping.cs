using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Keeps predicted data in its range: by cutting, or by dynamic thresholding (Saharia et al. 2022).</summary>
/// <param name="range">Values are cut to minus this and this.</param>
/// <param name="quantile">With thresholding the quantile of each item's absolute values that it is cut to and divided by, where that is
/// above 1; null for plain cutting.</param>
internal sealed class DataClipping(double range, double? quantile)
{
    /// <summary>The clipping that a configuration asks for; null for none, or where it is refused.</summary>
    internal static DataClipping? Read(SchedulerOptions options, bool hasClip)
    {
        bool clips = hasClip && options.Flag("clip_sample", true);
        bool thresholds = options.Flag("thresholding", false);
        options.RefuseClipping("thresholding", false);
        if (hasClip)
        {
            options.RefuseClipping("clip_sample", true);
        }

        double range = hasClip ? options.Number("clip_sample_range", 1) : 1;
        double ratio = options.Number("dynamic_thresholding_ratio", 0.995);
        double most = options.Number("sample_max_value", 1);
        return (thresholds && !(ratio is > 0 and <= 1 && most >= 1)) || (clips && !(range > 0))
            ? throw options.Error(
                $"clip_sample_range is {range}, dynamic_thresholding_ratio {ratio} and sample_max_value {most}; they must be positive, "
                + "in (0, 1], and at least 1.")
            : thresholds ? new DataClipping(most, ratio) : clips ? new DataClipping(range, null) : null;
    }

    /// <summary>Data [batch, ...], item by item.</summary>
    internal Tensor Apply(Tensor data)
    {
        if (quantile is not { } ratio)
        {
            return data.clamp(-range, range);
        }

        Tensor flat = data.flatten(1);
        (Tensor sorted, _) = flat.abs().sort(1);
        double position = ratio * (flat.shape[1] - 1);
        long low = (long)position;
        Tensor a = sorted.narrow(1, low, 1);
        Tensor b = sorted.narrow(1, Math.Min(low + 1, flat.shape[1] - 1), 1);
        Tensor limit = a.lerp(b, position - low).clamp(1, range);
        return (flat.minimum(limit).maximum(-limit) / limit).view(data.shape);
    }
}
