using Costate.Cli.Files;
using Costate.Faces.Files;
using static TorchSharp.torch;

namespace Costate.Cli.Names;

/// <summary>A loss as <c>--loss</c> names it: one value for each item of the batch.</summary>
internal sealed class NamedLoss : IDisposable
{
    internal const string Form = "sum, mean-square, mse:FILE[:NAME], or a TorchScript file from x to [batch]";

    private const string MeanSquareError = "mse:";

    private readonly TorchScript? script;

    private NamedLoss(Func<Tensor, Tensor> function, TorchScript? script = null) => (Function, this.script) = (function, script);

    /// <summary>From samples to one value for each.</summary>
    internal Func<Tensor, Tensor> Function { get; }

    /// <summary>Loads what the name stands for; tensors go to the caller's dispose scope.</summary>
    /// <exception cref="CommandException">A file of it does not fit.</exception>
    /// <exception cref="InvalidDataException">A file of it is missing, or no TorchScript.</exception>
    internal static NamedLoss Load(InputFiles files, string text, long[] shape, ScalarType dtype, Device device)
    {
        if (text.StartsWith(MeanSquareError, StringComparison.OrdinalIgnoreCase))
        {
            Tensor target = Target(files, text[MeanSquareError.Length..], shape, dtype).to(device);
            return new NamedLoss(x => PerItem((x - target).square()).mean([1]));
        }

        switch (text.ToLowerInvariant())
        {
            case "sum":
                return new NamedLoss(x => PerItem(x).sum(1));
            case "mean-square":
                return new NamedLoss(x => PerItem(x.square()).mean([1]));
        }

        if (!File.Exists(text) && !text.Contains('.', StringComparison.Ordinal) && !text.Contains(Path.DirectorySeparatorChar))
        {
            throw new UsageException($"Got --loss {text}; expected {Form}.");
        }

        var script = TorchScript.Load("--loss", text, dtype, device);
        return new NamedLoss(x => script.Call(x), script);
    }

    public void Dispose() => script?.Dispose();

    private static Tensor PerItem(Tensor x) => x.reshape(x.shape[0], -1);

    private static Tensor Target(InputFiles files, string file, long[] shape, ScalarType dtype)
    {
        Tensor read = TensorFile.Read(files, "--loss mse", file, dtype);
        Tensor target = read.dim() == shape.Length - 1 ? read.unsqueeze(0) : read;
        return target.shape.AsSpan(1).SequenceEqual(shape.AsSpan(1)) && (target.shape[0] == shape[0] || target.shape[0] == 1)
            ? target
            : throw new CommandException(
                $"Got a target of shape [{string.Join(", ", read.shape)}] from --loss mse:{file} for samples of shape "
                    + $"[{string.Join(", ", shape)}]; expected that shape, with one item, or without the batch.");
    }
}
