using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate;

/// <summary>The call of a user's module, with errors that say what to do.</summary>
internal static class ModuleCall
{
    /// <summary>The module's own answer, or, where it fails on tensors that do not go together, what to do about it.</summary>
    internal static Tensor Of(nn.Module module, Tensor x, Tensor? z, Func<Tensor> call)
    {
        try
        {
            return call();
        }
        catch (ExternalException e) when (Mismatch(module, x, z) is string text)
        {
            throw new InvalidOperationException(text, e);
        }
    }

    // Asked only once a call has failed: a module may well take another dtype and convert it.
    private static string? Mismatch(nn.Module module, Tensor x, Tensor? z)
    {
        if (z is not null && z.is_floating_point() && z.dtype != x.dtype)
        {
            return $"The network failed on x of dtype {x.dtype} with a condition of dtype {z.dtype}. Convert one of them.";
        }

        return
            module.parameters().FirstOrDefault(p => p.is_floating_point() && (p.dtype != x.dtype || p.device_type != x.device_type))
                is Parameter weight
            ? $"The network failed on x of dtype {x.dtype} on {x.device}; it has weights of dtype {weight.dtype} on {weight.device}. "
                + $"Convert x_T and the condition, or the network: net.to({nameof(ScalarType)}.{x.dtype})."
            : null;
    }

    internal static InvalidOperationException NoCondition() =>
        new("The network takes (x, t, z) but no condition z was given. Pass one, or use a module that takes (x, t).");

    internal static InvalidOperationException UnwantedCondition() =>
        new("A condition z was given but the network takes (x, t) only. Pass null, or use a module that takes (x, t, z).");
}
