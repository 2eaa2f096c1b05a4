using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>How a stored tensor differs from the parameter that it is.</summary>
internal enum TensorChange
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>A convolution of one pixel, [a, b, 1, 1], that is a matrix [a, b] here.</summary>
    Flatten,

    /// <summary>A matrix that is stored transposed.</summary>
    Transpose,

    /// <summary>The first third of the rows: queries, of queries, keys and values.</summary>
    FirstThird,

    /// <summary>The second third.</summary>
    SecondThird,

    /// <summary>The last third.</summary>
    LastThird,
}

/// <summary>Applies a <see cref="TensorChange"/>.</summary>
internal static class TensorChanges
{
    internal static IReadOnlyList<long> Shape(this TensorChange change, IReadOnlyList<long> shape) => change switch
    {
        TensorChange.Flatten when shape is [var o, var i, 1, 1] => [o, i],
        TensorChange.Transpose when shape is [var a, var b] => [b, a],
        TensorChange.FirstThird or TensorChange.SecondThird or TensorChange.LastThird when shape.Count > 0 =>
            [shape[0] / 3, .. shape.Skip(1)],
        _ => shape,
    };

    internal static Tensor Apply(this TensorChange change, Tensor stored) => change switch
    {
        TensorChange.Flatten when stored.shape is [_, _, 1, 1] => stored.flatten(1),
        TensorChange.Transpose when stored.Dimensions == 2 => stored.t(),
        TensorChange.FirstThird => Third(stored, 0),
        TensorChange.SecondThird => Third(stored, 1),
        TensorChange.LastThird => Third(stored, 2),
        _ => stored,
    };

    private static Tensor Third(Tensor stored, int index) => stored.narrow(0, stored.shape[0] / 3 * index, stored.shape[0] / 3);
}
