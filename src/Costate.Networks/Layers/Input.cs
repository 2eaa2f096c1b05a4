using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Checks of what a network is called with, before a native call is.</summary>
internal static class Input
{
    /// <summary>An image batch [batch, channels, height, width] whose sides the network can halve often enough.</summary>
    internal static void Image(Tensor x, int channels, long sideMultiple, Tensor weight)
    {
        Sides(x, channels, sideMultiple);
        if (x.dtype != weight.dtype || x.device.ToString() != weight.device.ToString())
        {
            throw new ArgumentException(
                $"Got an input of {x.dtype} on {x.device}; the network is {weight.dtype} on {weight.device}. Move one of them by to().",
                nameof(x));
        }
    }

    /// <summary>An image batch [batch, channels, height, width] whose sides are multiples of a patch's.</summary>
    internal static void Sides(Tensor x, int channels, long multiple)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.dim() != 4 || x.shape[1] != channels || x.shape[2] % multiple != 0 || x.shape[3] % multiple != 0 || x.numel() == 0)
        {
            throw new ArgumentException(
                $"Got an input of shape {Shown(x.shape)}; expected [batch, {channels}, height, width] with height and width multiples of "
                    + $"{multiple}.",
                nameof(x));
        }
    }

    /// <summary>Times [batch].</summary>
    internal static void Times(Tensor t, Tensor x)
    {
        ArgumentNullException.ThrowIfNull(t);
        Shape(nameof(t), t, [x.shape[0]]);
    }

    internal static void Shape(string name, Tensor value, ReadOnlySpan<long> expected)
    {
        if (!value.shape.AsSpan().SequenceEqual(expected))
        {
            throw new ArgumentException($"Got {name} of shape {Shown(value.shape)}; expected {Shown(expected.ToArray())}.", name);
        }
    }

    /// <summary>A tensor of a shape, and of a network's dtype and device.</summary>
    /// <param name="parameter">Its name.</param>
    /// <param name="value">The tensor.</param>
    /// <param name="shape">The shape; -1 for any positive size.</param>
    /// <param name="expected">The shape in words.</param>
    /// <param name="weight">A weight of the network, where dtype and device must be the network's.</param>
    internal static void Fits(string parameter, Tensor value, ReadOnlySpan<long> shape, string expected, Tensor? weight = null)
    {
        ArgumentNullException.ThrowIfNull(value, parameter);
        bool fits = value.dim() == shape.Length;
        for (int i = 0; fits && i < shape.Length; i++)
        {
            fits = shape[i] < 0 ? value.shape[i] > 0 : value.shape[i] == shape[i];
        }

        if (!fits)
        {
            throw new InputException(parameter, $"shape {Shown(value.shape)}", expected);
        }

        if (weight is not null && (value.dtype != weight.dtype || value.device.ToString() != weight.device.ToString()))
        {
            throw new InputException(
                parameter,
                $"{value.dtype} on {value.device}",
                $"{weight.dtype} on {weight.device} as the network is",
                "Move one of them by to().");
        }
    }

    /// <summary>An image batch [batch, channels, height, width] of whole patches, of a network's dtype and device.</summary>
    /// <param name="parameter">Its name.</param>
    /// <param name="image">The images.</param>
    /// <param name="channels">Their channels.</param>
    /// <param name="patch">Side of a patch.</param>
    /// <param name="weight">A weight of the network.</param>
    /// <param name="most">How many patches a side may have; null for any number.</param>
    internal static void WholePatches(string parameter, Tensor image, int channels, int patch, Tensor weight, int? most = null)
    {
        Fits(parameter, image, [-1, channels, -1, -1], $"[batch, {channels}, height, width]", weight);
        (long height, long width) = (image.shape[2], image.shape[3]);
        if (height % patch != 0 || width % patch != 0)
        {
            throw new InputException(
                parameter, $"latents of {height} x {width}", $"of sides that the patch's {patch} divides", "Choose another size.");
        }

        if (Math.Max(height, width) / patch > most)
        {
            throw new InputException(
                parameter, $"latents of {height} x {width}", $"of at most {most * patch} a side, which the network knows the places of");
        }
    }

    /// <summary>Ids of tokens [batch, tokens] of a vocabulary, on the device of a table of them.</summary>
    internal static void Tokens(string parameter, Tensor ids, int vocabulary, Tensor table)
    {
        Fits(parameter, ids, [-1, -1], "[batch, tokens]");
        bool whole = ids.dtype is ScalarType.Int64 or ScalarType.Int32 or ScalarType.Int16;
        if (!whole || ids.device.ToString() != table.device.ToString())
        {
            string got = $"{ids.dtype} on {ids.device}";
            throw new InputException(parameter, got, $"whole numbers on {table.device}", "Convert or move them by to().");
        }

        using DisposeScope scope = NewDisposeScope();
        (long least, long most) = (ids.min().to(ScalarType.Int64).item<long>(), ids.max().to(ScalarType.Int64).item<long>());
        if (least < 0 || most >= vocabulary)
        {
            string got = $"token {(least < 0 ? least : most)}";
            throw new InputException(parameter, got, $"0 to {vocabulary - 1}", "Use the tokenizer of this network.");
        }
    }

    /// <summary>A tensor that the network needs.</summary>
    internal static void Present(string parameter, Tensor? value, string remedy)
    {
        if (value is null)
        {
            throw new InputException(parameter, "null", "a tensor", remedy);
        }
    }

    /// <summary>A tensor that the network has no use for.</summary>
    internal static void Absent(string parameter, Tensor? value, string remedy)
    {
        if (value is not null)
        {
            throw new InputException(parameter, "a tensor", "null", remedy);
        }
    }

    private static string Shown(long[] shape) => $"[{string.Join(", ", shape)}]";
}
