using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>How a pipeline is read from its files.</summary>
public sealed partial class DiffusionPipeline
{
    /// <summary>Reads a folder: <c>model_index.json</c> with <c>unet</c> or <c>transformer</c>, <c>vae</c>, <c>text_encoder</c>,
    /// <c>tokenizer</c> and <c>scheduler</c>, and a second and third of what its family has. What else it holds, such as a safety
    /// checker, is left alone. Or a single file in the original layout, which holds weights alone: what else there is to know follows from
    /// its family, which its names tell.</summary>
    /// <remarks>
    /// All small files are read and compared before the first weight. As in diffusers' pipelines the scheduler has
    /// <c>steps_offset</c> 1 and no <c>clip_sample</c>, whatever its file says.
    /// </remarks>
    /// <param name="model">The folder, or the file (<c>.safetensors</c> or <c>.ckpt</c>) of Stable Diffusion 1, 2, XL or its refiner, as
    /// large as they were published.</param>
    /// <param name="dtype">What the networks compute in, whatever the files hold; in float16 SDXL's autoencoder, which exceeds its range,
    /// computes in float32. The default value is float32.</param>
    /// <param name="device">Where to put them. The default is the CPU.</param>
    /// <param name="variant">Which of several weights, such as <c>fp16</c>; the word before the extension. Text encoder and autoencoder
    /// have those without a word where there are none of it. The default value is null: those without such a word.</param>
    /// <param name="scheduler">Another scheduler to sample with, such as <c>DPMSolverMultistepScheduler</c>, one of
    /// <see cref="SchedulerConfiguration.SupportedClasses"/>: it takes what it knows of the folder's and its own defaults for the
    /// rest. The default value is null: the folder's.</param>
    /// <param name="weights">A single file in the original layout (<c>.safetensors</c> or <c>.ckpt</c>) to take the weights from; the
    /// folder then needs none. The default value is null: the model's own.</param>
    /// <param name="trainable">Whether the U-Net's parameters take gradients. The default value is false.</param>
    /// <param name="prediction">What the network predicts (noise, data or velocity), where the model does not say it, as a single file of
    /// Stable Diffusion 2 or a scheduler of an unknown <c>prediction_type</c> does not. The default value is null: what the scheduler's
    /// file says, and noise for other single files.</param>
    /// <param name="progress">Told after each tensor how many bytes have been read in all.</param>
    /// <param name="cancellationToken">Ends the loading between two tensors.</param>
    /// <returns>The pipeline, its networks in evaluation mode. Dispose it; no dispose scope does.</returns>
    /// <exception cref="FileNotFoundException">A part, one of its files, or weights of the variant are missing; the message names
    /// it.</exception>
    /// <exception cref="NotSupportedException">The folder is of another family, or a part is of another class or asks for what is not
    /// supported; the message names it.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or something else, parameters are missing or unknown, or parts do not
    /// fit together, such as a vocabulary that is larger than the encoder's.</exception>
    /// <exception cref="SchedulerConfigurationException">The scheduler's configuration cannot be read or used.</exception>
    /// <exception cref="InputException"><paramref name="dtype"/> is not a real floating-point dtype, <paramref name="variant"/> is given
    /// with <paramref name="weights"/> or a single file, as <paramref name="weights"/> is with another, or the scheduler has no such
    /// <paramref name="prediction"/>, or the model does not tell one.</exception>
    /// <exception cref="OperationCanceledException">The loading was cancelled.</exception>
    public static DiffusionPipeline FromPretrained(
        string model,
        ScalarType dtype = ScalarType.Float32,
        Device? device = null,
        string? variant = null,
        string? scheduler = null,
        string? weights = null,
        bool trainable = false,
        Prediction? prediction = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        if (dtype is not (ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64))
        {
            throw new InputException(nameof(dtype), dtype.ToString(), "Float16, BFloat16, Float32 or Float64");
        }

        bool isFile = File.Exists(model);
        if (isFile && weights is not null)
        {
            throw new InputException(nameof(weights), $"\"{weights}\" beside a single file", "left out", "Give one of the two.");
        }

        if ((isFile || weights is not null) && variant is not null)
        {
            throw new InputException(nameof(variant), $"\"{variant}\" beside a single file", "left out", "A single file has no variants.");
        }

        if (TransformerFamily.Read(model, scheduler, prediction) is { } family)
        {
            return weights is null
                ? new DiffusionPipeline(
                    family,
                    TransformerNetworks.Load(family, variant, device, dtype, trainable, progress, cancellationToken),
                    dtype)
                : throw new InputException(
                    nameof(weights), $"\"{weights}\"", "left out", "Models with a transformer are read from their folders alone.");
        }

        var parts = PipelineParts.Read(model, scheduler, prediction);
        string? single = isFile ? model : weights;
        return new DiffusionPipeline(
            single ?? model,
            parts,
            PipelineNetworks.Load(parts, model, single, variant, device, dtype, trainable, progress, cancellationToken),
            dtype);
    }
}
