using Costate.Faces.Files;
using static TorchSharp.torch;

namespace Costate.Faces.Inputs;

/// <summary>A loss by its name: one value for each item of the batch.</summary>
internal sealed class NamedLoss : IDisposable
{
    internal const string Form = "sum, mean-square, mse:FILE[:NAME], or a TorchScript file from x to [batch]";

    private const string Sum = "sum";
    private const string MeanSquare = "mean-square";
    private const string MeanSquareError = "mse:";

    private readonly TorchScript? script;

    private NamedLoss(Func<Tensor, Tensor> function, TorchScript? script = null) => (Function, this.script) = (function, script);

    /// <summary>From samples to one value for each.</summary>
    internal Func<Tensor, Tensor> Function { get; }

    /// <summary>Whether a text names a loss, or may be a file of one.</summary>
    internal static bool MayBe(string text) =>
        text.StartsWith(MeanSquareError, StringComparison.OrdinalIgnoreCase)
        || text.ToLowerInvariant() is Sum or MeanSquare
        || File.Exists(text)
        || text.Contains('.', StringComparison.Ordinal)
        || text.Contains(Path.DirectorySeparatorChar);

    /// <summary>Loads what the name stands for; tensors go to the caller's dispose scope.</summary>
    /// <exception cref="InvalidDataException">A file of it is missing, does not fit, or is no TorchScript.</exception>
    internal static NamedLoss Load(InputFiles files, string what, string text, long[] shape, ScalarType dtype, Device device)
    {
        if (text.StartsWith(MeanSquareError, StringComparison.OrdinalIgnoreCase))
        {
            Tensor target = Target(files, what, text[MeanSquareError.Length..], shape, dtype).to(device);
            return new NamedLoss(x => PerItem((x - target).square()).mean([1]));
        }

        switch (text.ToLowerInvariant())
        {
            case Sum:
                return new NamedLoss(x => PerItem(x).sum(1));
            case MeanSquare:
                return new NamedLoss(x => PerItem(x.square()).mean([1]));
        }

        var script = TorchScript.Load(what, text, dtype, device);
        return new NamedLoss(x => script.Call(x), script);
    }

    public void Dispose() => script?.Dispose();

    private static Tensor PerItem(Tensor x) => x.reshape(x.shape[0], -1);

    private static Tensor Target(InputFiles files, string what, string file, long[] shape, ScalarType dtype)
    {
        Tensor read = TensorFile.Read(files, $"{what} mse", file, dtype);
        Tensor target = read.dim() == shape.Length - 1 ? read.unsqueeze(0) : read;
        return target.shape.AsSpan(1).SequenceEqual(shape.AsSpan(1)) && (target.shape[0] == shape[0] || target.shape[0] == 1)
            ? target
            : throw new InvalidDataException(
                $"Got a target of shape [{string.Join(", ", read.shape)}] from {what} mse:{file} for samples of shape "
                    + $"[{string.Join(", ", shape)}]; expected that shape, with one item, or without the batch.");
    }
}
