using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Files;

/// <summary>A TorchScript program of the user: a network or a loss. Says what it was given when it fails.</summary>
internal sealed class TorchScript : IDisposable
{
    private readonly string what;
    private readonly jit.ScriptModule module;

    private TorchScript(string what, jit.ScriptModule module) => (this.what, this.module) = (what, module);

    /// <summary>Its parameters and buffers.</summary>
    internal IEnumerable<Tensor> Weights =>
        module.named_parameters().Select(p => (Tensor)p.parameter).Concat(module.named_buffers().Select(b => b.buffer));

    /// <summary>Loads it.</summary>
    /// <param name="what">What messages call it: the option that names it.</param>
    /// <param name="path">The file.</param>
    /// <param name="dtype">What it computes in.</param>
    /// <param name="device">Where; null for the CPU.</param>
    /// <exception cref="InvalidDataException">There is no such file, or it is no TorchScript.</exception>
    internal static TorchScript Load(string what, string path, ScalarType dtype, Device? device = null)
    {
        try
        {
            // Whatever convolutions it has; with libtorch's own the tool would compute nonsense on some machines.
            CpuLibraries.Prepare();
            jit.ScriptModule module = TorchScriptFile.Load(path, device ?? CPU);
            Convert(module, dtype);
            return new TorchScript(what, module);
        }
        catch (FileNotFoundException e)
        {
            throw new InvalidDataException(
                $"Got {what} {path}: there is no such file; expected a TorchScript file, as torch.jit.save writes it.",
                e);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"Got {what} {path}: {e.Message}", e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new InvalidDataException($"Got {what} {path}: it cannot be read: {e.Message}", e);
        }
    }

    /// <exception cref="InvalidDataException">It failed, or returned something other than one tensor.</exception>
    internal Tensor Call(params Tensor[] inputs)
    {
        object result;
        try
        {
            result = module.call([.. inputs]);
        }
        catch (ExternalException e)
        {
            throw new InvalidDataException(
                $"The TorchScript of {what} failed, given {string.Join(", ", inputs.Select(Text))}: {Cause(e.Message)}",
                e);
        }

        return result as Tensor
            ?? throw new InvalidDataException(
                $"The TorchScript of {what} returned {result?.GetType().Name ?? "nothing"}; expected one tensor. "
                    + "Trace or script a module whose forward returns one.");
    }

    public void Dispose() => module.Dispose();

    // Module.to would leave the wrappers of attributes that are no tensors behind. Names with a point belong to a child.
    private static void Convert(jit.ScriptModule module, ScalarType dtype)
    {
        using DisposeScope scope = NewDisposeScope();
        IEnumerable<(string Name, Tensor Value)> held = module
            .named_parameters()
            .Select(p => (p.name, (Tensor)p.parameter))
            .Concat(module.named_buffers());
        foreach ((string name, Tensor value) in held.ToArray())
        {
            if (!name.Contains('.', StringComparison.Ordinal) && value.is_floating_point() && value.dtype != dtype)
            {
                module.set_attribute(name, value.detach().to(dtype));
            }
        }

        foreach ((string _, nn.Module child) in module.named_children())
        {
            using (child)
            {
                Convert((jit.ScriptModule)child, dtype);
            }
        }
    }

    private static string Text(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}] {tensor.dtype}";

    // The interpreter prints its stack before the cause.
    private static string Cause(string message)
    {
        const string Mark = "RuntimeError: ";
        int at = message.LastIndexOf(Mark, StringComparison.Ordinal);
        return Reason.FirstLine(at < 0 ? message : message[(at + Mark.Length)..]);
    }
}
