using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Reversibility;

/// <summary>The embedded model on a drawn face that it was not trained on, under the face's own code.</summary>
internal sealed class FaceInversion : InversionProblem
{
    private const ulong NoiseSeed = 21;

    private readonly EmbeddedModel model;

    private FaceInversion(EmbeddedModel model)
        : base(
            "faces",
            "face model",
            "the embedded diffusion autoencoder, a drawn face of 3x64x64 under its code; velocity prediction in 32 bits",
            model.Autoencoder.Config.Prediction,
            EmbeddedModel.TrainingTimesteps,
            work: 150)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        this.model = model;
        Tensor face = FaceData.HeldOut(1, 1, DrawnFaces.FirstHeldOut);
        Condition = model.Autoencoder.Encode(face).DetachFromDisposeScope();
        Data = Rounded(face);
        Noise = Rounded(StartNoise.Draw(face.shape, NoiseSeed));
    }

    // The largest network of the study.
    internal override IReadOnlyList<int> QuickSteps => [InversionStudy.QuickSteps[0]];

    internal override NoiseSchedule Schedule => model.Schedule;

    internal override Tensor Data { get; }

    internal override Tensor Noise { get; }

    internal override Tensor Condition { get; }

    /// <summary>The problem, or null where the tool came without weights.</summary>
    /// <param name="folder">Where the weights are; those that the tool came with if null.</param>
    /// <exception cref="InvalidDataException">The weights are damaged or of another network, or missing from a folder that was
    /// named.</exception>
    internal static FaceInversion? Open(string? folder)
    {
        var model = new EmbeddedModel(folder);
        try
        {
            return folder is null && !File.Exists(Path.Combine(model.Folder, EmbeddedModel.AutoencoderFile))
                ? null
                : new FaceInversion(model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public override void Dispose()
    {
        model.Dispose();
        Data.Dispose();
        Noise.Dispose();
        Condition.Dispose();
    }

    private protected override Tensor Network(Tensor x, Tensor t, Tensor? z) => model.Autoencoder.call(x, t, z!.to(ScalarType.Float32));
}
