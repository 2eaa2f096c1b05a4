using System.Runtime.CompilerServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate;

/// <content>From a function, a module or a file.</content>
public sealed partial class Denoiser
{
    /// <summary>A denoiser from a function of <c>(x, t, z)</c>, whose condition is one tensor.</summary>
    /// <param name="network">The network; see the remarks of the class for shapes.</param>
    /// <param name="prediction">What it predicts.</param>
    /// <param name="timeScale">The network is told <c>timeScale * t</c> for time t in [0, 1]. The default value is 1.</param>
    /// <param name="trainingTimesteps">If given, the network is told a training step in 0..n-1 instead: <c>n t - 1</c>, since step k of n
    /// lies at time (k+1)/n.</param>
    /// <param name="parameters">The parameters that may receive gradients. A function hides its own: without this argument they get
    /// none.</param>
    /// <exception cref="ArgumentException">Both <paramref name="timeScale"/> and <paramref name="trainingTimesteps"/> are given, or one is
    /// not positive.</exception>
    [OverloadResolutionPriority(1)]
    public static Denoiser FromFunction(
        Func<Tensor, Tensor, Tensor?, Tensor> network,
        Prediction prediction,
        double timeScale = 1,
        int? trainingTimesteps = null,
        IEnumerable<Parameter>? parameters = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        return FromFunction(
            (Tensor x, Tensor t, Condition? z) => network(x, t, z?.Values), prediction, timeScale, trainingTimesteps, parameters);
    }

    /// <summary>
    /// A denoiser from a function of <c>(x, t, z)</c>, whose condition is a bundle of named tensors, such as the hidden states, the pooled
    /// text and the sizes of SDXL. Where a lambda would do for both, write the types: <c>(Tensor x, Tensor t, Condition? z) => ...</c>.
    /// </summary>
    /// <inheritdoc cref="FromFunction(Func{Tensor, Tensor, Tensor, Tensor}, Prediction, double, int?, IEnumerable{Parameter})"/>
    public static Denoiser FromFunction(
        Func<Tensor, Tensor, Condition?, Tensor> network,
        Prediction prediction,
        double timeScale = 1,
        int? trainingTimesteps = null,
        IEnumerable<Parameter>? parameters = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        return new Denoiser(network, prediction, NetworkClock.Of(timeScale, trainingTimesteps), parameters);
    }

    /// <summary>A denoiser from a module whose forward takes <c>(x, t, z)</c>.</summary>
    /// <param name="module">The module; put it into evaluation mode yourself. Its parameters with <c>requires_grad</c> may receive
    /// gradients; freeze the others, it saves memory.</param>
    /// <param name="prediction">What it predicts.</param>
    /// <param name="timeScale">The network is told <c>timeScale * t</c> for time t in [0, 1]. The default value is 1.</param>
    /// <param name="trainingTimesteps">If given, the network is told a training step in 0..n-1 instead: <c>n t - 1</c>, since step k of n
    /// lies at time (k+1)/n.</param>
    public static Denoiser FromModule(
        nn.Module<Tensor, Tensor, Tensor, Tensor> module,
        Prediction prediction,
        double timeScale = 1,
        int? trainingTimesteps = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        Tensor Network(Tensor x, Tensor t, Condition? z) =>
            ModuleCall.Of(module, x, z, () => module.call(x, t, z?.Values ?? throw ModuleCall.NoCondition()));
        return new Denoiser(Network, prediction, NetworkClock.Of(timeScale, trainingTimesteps), Trainable(module)) { Module = module };
    }

    /// <summary>A denoiser from a module whose forward takes <c>(x, t, z)</c> with a bundle of named tensors.</summary>
    /// <inheritdoc cref="FromModule(nn.Module{Tensor, Tensor, Tensor, Tensor}, Prediction, double, int?)"/>
    public static Denoiser FromModule(
        nn.Module<Tensor, Tensor, Condition, Tensor> module,
        Prediction prediction,
        double timeScale = 1,
        int? trainingTimesteps = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        Tensor Network(Tensor x, Tensor t, Condition? z) =>
            ModuleCall.Of(module, x, z, () => module.call(x, t, z ?? throw ModuleCall.NoCondition()));
        return new Denoiser(Network, prediction, NetworkClock.Of(timeScale, trainingTimesteps), Trainable(module)) { Module = module };
    }

    /// <summary>A denoiser from a module whose forward takes <c>(x, t)</c>, without condition.</summary>
    /// <inheritdoc cref="FromModule(nn.Module{Tensor, Tensor, Tensor, Tensor}, Prediction, double, int?)"/>
    public static Denoiser FromModule(
        nn.Module<Tensor, Tensor, Tensor> module,
        Prediction prediction,
        double timeScale = 1,
        int? trainingTimesteps = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        Tensor Network(Tensor x, Tensor t, Condition? z) =>
            z is null ? ModuleCall.Of(module, x, null, () => module.call(x, t)) : throw ModuleCall.UnwantedCondition();
        return new Denoiser(Network, prediction, NetworkClock.Of(timeScale, trainingTimesteps), Trainable(module)) { Module = module };
    }

    /// <summary>
    /// A denoiser from a TorchScript file whose forward takes <c>(x, t, z)</c>, or <c>(x, t)</c> where no condition is given.
    /// </summary>
    /// <remarks>
    /// A TorchScript file is a program: load only files whose origin you trust. The network is put into evaluation mode and
    /// frozen. TorchScript optimises itself during its first calls, whose last bits may differ from later ones.
    /// </remarks>
    /// <param name="path">A file written by <c>torch.jit.save</c>.</param>
    /// <param name="prediction">What it predicts.</param>
    /// <param name="timeScale">The network is told <c>timeScale * t</c> for time t in [0, 1]. The default value is 1.</param>
    /// <param name="trainingTimesteps">If given, the network is told a training step in 0..n-1 instead: <c>n t - 1</c>, since step k of n
    /// lies at time (k+1)/n.</param>
    /// <param name="device">Where to load it. The default is the CPU.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a TorchScript archive, or cannot be loaded.</exception>
    public static Denoiser FromTorchScript(
        string path,
        Prediction prediction,
        double timeScale = 1,
        int? trainingTimesteps = null,
        Device? device = null)
    {
        TorchLibraries.Require();
        jit.ScriptModule script = TorchScriptFile.Load(path, device ?? CPU);
        return FromFunction(
            (Tensor x, Tensor t, Tensor? z) => (Tensor)(z is null ? script.call(x, t) : script.call(x, t, z)),
            prediction,
            timeScale,
            trainingTimesteps,
            []);
    }

    private static IEnumerable<Parameter> Trainable(nn.Module module) => module.parameters().Where(p => p.requires_grad);
}
