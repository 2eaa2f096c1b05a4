using System.IO.Compression;
using System.Text;

namespace Costate.Cli.Tests;

/// <summary>Writes TorchScript files of modules without weights, from source text.</summary>
internal static class ScriptArchive
{
    /// <summary>A module whose forward takes the arguments given and has the body given.</summary>
    /// <param name="path">The file.</param>
    /// <param name="arguments">Their names, all tensors.</param>
    /// <param name="body">Statements of TorchScript, the last of which returns.</param>
    public static string Write(string path, string[] arguments, params string[] body)
    {
        string code = $$"""
            class Net(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              def forward(self: __torch__.Net,
                {{string.Join(",\n    ", arguments.Select(a => $"{a}: Tensor"))}}) -> Tensor:
                {{string.Join("\n    ", body)}}

            """.ReplaceLineEndings("\n");
        using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create);
        Add(archive, "net/data.pkl", Pickle());
        Add(archive, "net/code/__torch__.py", Encoding.UTF8.GetBytes(code));
        Add(archive, "net/constants.pkl", [0x80, 2, (byte)')', (byte)'.']);
        Add(archive, "net/version", "3\n"u8.ToArray());
        return path;
    }

    // An object of __torch__.Net with training = False, in version 2 of the pickle protocol.
    private static byte[] Pickle() =>
        [0x80, 2, .. "c__torch__\nNet\n)"u8, 0x81, .. "}(X"u8, 8, 0, 0, 0, .. "training"u8, 0x89, .. "ub."u8];

    private static void Add(ZipArchive archive, string name, byte[] bytes)
    {
        using Stream stream = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
        stream.Write(bytes);
    }
}
