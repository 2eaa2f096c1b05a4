using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// A model as a sampler uses it: a denoiser, the schedule that it was trained on, and what makes conditions of samples, where it has that.
/// Owns its networks.
/// </summary>
/// <param name="source">Where it comes from, as results name it: a file, a folder.</param>
/// <param name="denoiser">The network.</param>
/// <param name="schedule">What it was trained on.</param>
/// <param name="owned">What is disposed with it.</param>
public sealed class Model(string source, Denoiser denoiser, NoiseSchedule schedule, params IReadOnlyList<IDisposable> owned) : IDisposable
{
    /// <summary>Where it comes from, as results name it.</summary>
    public string Source { get; } = source ?? throw new ArgumentNullException(nameof(source));

    /// <summary>The network.</summary>
    public Denoiser Denoiser { get; } = denoiser ?? throw new ArgumentNullException(nameof(denoiser));

    /// <summary>What it was trained on.</summary>
    public NoiseSchedule Schedule { get; } = schedule ?? throw new ArgumentNullException(nameof(schedule));

    /// <summary>A grid of so many steps. <value>The default is even in time, from 1 to 0.</value></summary>
    public Func<int, TimeGrid> Grid { get; init; } = steps => TimeGrid.Uniform(steps);

    /// <summary>The standard deviation of the noise to start from. <value>The default value is 1.</value></summary>
    public double StartScale { get; init; } = 1;

    /// <summary>The shape of one sample, such as [3, 64, 64]; null where it takes any. <value>The default value is null.</value></summary>
    public IReadOnlyList<long>? Shape { get; init; }

    /// <summary>Where its networks are, and what they are given must be. <value>The default is the CPU.</value></summary>
    public Device Device { get; init; } = CPU;

    /// <summary>
    /// From samples [batch, ...] to the condition that each has by itself, [batch, ...], such as a diffusion autoencoder's semantic code;
    /// null where there is no such encoder. <value>The default value is null.</value>
    /// </summary>
    public Func<Tensor, Tensor>? Encode { get; init; }

    /// <summary>
    /// From pictures [batch, 3, height, width] to the latents that the network samples, as an autoencoder makes them; null where it samples
    /// pictures themselves, or what else it was trained on. <value>The default value is null.</value>
    /// </summary>
    public Func<Tensor, Tensor>? ToLatents { get; init; }

    /// <summary>
    /// From latents back to pictures, differentiable; null where <see cref="ToLatents"/> is. <value>The default value is null.</value>
    /// </summary>
    public Func<Tensor, Tensor>? ToPictures { get; init; }

    /// <summary>What is disposed with it.</summary>
    internal IReadOnlyList<IDisposable> Owned => owned;

    /// <summary>The same model with another denoiser, owning what is given in place of what it owns.</summary>
    internal Model With(Denoiser other, params IReadOnlyList<IDisposable> parts) => new(Source, other, Schedule, parts)
    {
        Grid = Grid,
        StartScale = StartScale,
        Shape = Shape,
        Device = Device,
        Encode = Encode,
        ToLatents = ToLatents,
        ToPictures = ToPictures,
    };

    /// <summary>Noise to start from, of <see cref="StartScale"/>, in the caller's dispose scope.</summary>
    /// <param name="shape">[batch, ...].</param>
    /// <param name="seed">One seed for the batch, or one for each item.</param>
    /// <param name="dtype">A floating-point dtype. The default is 32-bit.</param>
    /// <param name="device">Where it is to be, as the networks are. The default is the CPU.</param>
    public Tensor DrawStart(long[] shape, NoiseSeeds seed, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        Tensor drawn = StartNoise.Draw(shape, seed, dtype, device);
        return StartScale == 1 ? drawn : drawn.mul_(StartScale);
    }

    /// <summary>A sampler of it.</summary>
    /// <param name="solver">The solver.</param>
    /// <param name="steps">How many steps of its own grid.</param>
    public Sampler Sampler(Solver solver, int steps) => new(Denoiser, Schedule, solver, Grid(steps));

    /// <summary>Disposes its networks.</summary>
    public void Dispose()
    {
        foreach (IDisposable part in owned)
        {
            part.Dispose();
        }
    }
}
