using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>An activation function, applied to a fresh tensor that nobody else holds.</summary>
internal sealed class Activation
{
    private const double QuickGeluSlope = 1.702;

    // SiLU of so many takes ten times as long as to map its constant in.
    private const long FewestWithConstant = 1 << 17;

    private readonly Func<Tensor, Tensor> apply;
    private readonly Func<Tensor, Tensor> applyInPlace;

    private Activation(Func<Tensor, Tensor> apply, Func<Tensor, Tensor> applyInPlace)
    {
        this.apply = apply;
        this.applyInPlace = applyInPlace;
    }

    internal static Activation Silu { get; } = new(x => WithConstant(x).silu(), x => WithConstant(x).silu_());

    /// <summary><c>x sigmoid(1.702 x)</c>, CLIP's approximation of gelu.</summary>
    internal static Activation QuickGelu { get; } = new(
        x => x * (x * QuickGeluSlope).sigmoid(), x => x.mul_((x * QuickGeluSlope).sigmoid_()));

    /// <summary>The approximation of gelu by a tanh.</summary>
    internal static Activation TanhGelu { get; } = new(
        x => x.gelu(GELU.Approximate.tanh), x => x.gelu_(GELU.Approximate.tanh));

    /// <summary>The activation of a configuration's <c>act_fn</c>.</summary>
    internal static Activation Named(string name) => name switch
    {
        "silu" or "swish" => Silu,
        "relu" => new(x => x.relu(), x => x.relu_()),
        "gelu" => new(x => nn.functional.gelu(x), x => nn.functional.gelu(x, inplace: true)),
        "mish" => new(x => nn.functional.mish(x), x => nn.functional.mish(x, inplace: true)),
        _ => throw new NotSupportedException(
            $"Got act_fn {ErrorText.Quote(name)}, which is not supported; expected silu, swish, relu, gelu or mish."),
    };

    /// <summary>The activated tensor; the fresh one is used up.</summary>
    /// <remarks>In place without a graph. Within one, autograd would keep a copy of the input and gain nothing.</remarks>
    internal Tensor Apply(Tensor fresh)
    {
        if (!fresh.requires_grad)
        {
            return applyInPlace(fresh);
        }

        Tensor activated = apply(fresh);
        fresh.Dispose();
        return activated;
    }

    // The denoiser maps it in for each call; on some machines it goes again within one.
    private static Tensor WithConstant(Tensor x)
    {
        if (x.numel() >= FewestWithConstant)
        {
            SigmoidConstant.MapIn(x.device_type);
        }

        return x;
    }
}
