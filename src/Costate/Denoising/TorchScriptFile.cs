using System.IO.Compression;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Loads a TorchScript archive, refusing what is not one before the native reader sees it.</summary>
internal static class TorchScriptFile
{
    internal static jit.ScriptModule Load(string path, Device device)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no TorchScript file '{path}'.", path);
        }

        if (!HoldsProgram(path))
        {
            throw new InvalidDataException($"'{path}' is not a TorchScript file: it is no zip archive with a program in it. Write one with torch.jit.save; a pickled state_dict or a safetensors file holds weights alone.");
        }

        jit.ScriptModule script;
        try
        {
            script = jit.load(path, device.type, device.index);
        }
        catch (ExternalException e)
        {
            throw new InvalidDataException($"'{path}' could not be loaded as TorchScript: {e.Message.Split('\n')[0]}", e);
        }

        script.eval();
        foreach ((string _, TorchSharp.Modules.Parameter parameter) in script.named_parameters())
        {
            parameter.requires_grad_(false);
        }

        return script;
    }

    private static bool HoldsProgram(string path)
    {
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(path);
            return archive.Entries.Any(e => e.FullName.EndsWith("/constants.pkl", StringComparison.Ordinal))
                && archive.Entries.Any(e => e.FullName.Contains("/code/", StringComparison.Ordinal));
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
