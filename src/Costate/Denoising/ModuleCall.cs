using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate;

/// <summary>The call of a user's module, with errors that say what to do.</summary>
internal static class ModuleCall
{
    /// <summary>The module's own answer, or, where it fails on tensors that do not go together, what to do about it.</summary>
    internal static Tensor Of(nn.Module module, Tensor x, Condition? z, Func<Tensor> call)
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
    private static string? Mismatch(nn.Module module, Tensor x, Condition? z)
    {
        if (z?.Entries.FirstOrDefault(e => e.Values.is_floating_point() && e.Values.dtype != x.dtype) is ConditionEntry other)
        {
            string named = other.Name == Condition.OnlyName ? "" : $" ('{other.Name}')";
            return $"The network failed on x of dtype {x.dtype} with a condition of dtype {other.Values.dtype}{named}. "
                + "Convert one of them.";
        }

        return
            module.parameters().FirstOrDefault(p => p.is_floating_point() && (p.dtype != x.dtype || p.device_type != x.device_type))
                is Parameter weight
            ? $"The network failed on x of dtype {x.dtype} on {x.device}; it has weights of dtype {weight.dtype} on {weight.device}. "
                + $"Convert x_T and the condition, or the network: net.to({nameof(ScalarType)}.{x.dtype})."
            : null;
    }

    /// <summary>The answer of any network, in the dtype of its input.</summary>
    /// <exception cref="InvalidOperationException">It is none: null, of another shape, device or kind of number.</exception>
    internal static Tensor Checked(Tensor? output, Tensor x)
    {
        if (output is null)
        {
            throw new InvalidOperationException("The network returned null; a denoiser returns a tensor of the shape of its input.");
        }

        if (!output.is_floating_point() || output.device_type != x.device_type)
        {
            throw new InvalidOperationException(
                $"The network returned dtype {output.dtype} on {output.device} for an input of dtype {x.dtype} on {x.device}; "
                    + "a denoiser returns floating-point numbers on the device of its input.");
        }

        if (!Shapes.Equal(output, x))
        {
            throw new InvalidOperationException(
                $"The network returned shape {Shapes.Text(output)} for an input of shape {Shapes.Text(x)}; "
                    + "a denoiser returns the shape of its input. Slice off what else it returns (a learned variance, for example).");
        }

        return output.dtype == x.dtype ? output : output.to(x.dtype);
    }

    internal static InvalidOperationException NoCondition() =>
        new("The network takes (x, t, z) but no condition z was given. Pass one, or use a module that takes (x, t).");

    internal static InvalidOperationException UnwantedCondition() =>
        new("A condition z was given but the network takes (x, t) only. Pass null, or use a module that takes (x, t, z).");
}
