using System.Runtime.InteropServices;

namespace Costate;

/// <summary>
/// Switches of libtorch's that TorchSharp 0.107 has no call for (torch.backends in Python): the functions behind them, by name.
/// </summary>
internal sealed unsafe class LibtorchSwitches
{
    private readonly nint context;
    private readonly delegate* unmanaged<nint, byte> usesNnpack;
    private readonly delegate* unmanaged<nint, byte, void> useNnpack;
    private readonly delegate* unmanaged<nint, byte> usesOneDnn;
    private readonly delegate* unmanaged<nint, byte, void> useOneDnn;

    private LibtorchSwitches(nint context, ReadOnlySpan<nint> functions)
    {
        this.context = context;
        usesNnpack = (delegate* unmanaged<nint, byte>)functions[0];
        useNnpack = (delegate* unmanaged<nint, byte, void>)functions[1];
        usesOneDnn = (delegate* unmanaged<nint, byte>)functions[2];
        useOneDnn = (delegate* unmanaged<nint, byte, void>)functions[3];
    }

    internal bool UsesNnpack => usesNnpack(context) != 0;

    internal bool UsesOneDnn => usesOneDnn(context) != 0;

    internal void UseNnpack(bool use) => useNnpack(context, use ? (byte)1 : (byte)0);

    internal void UseOneDnn(bool use) => useOneDnn(context, use ? (byte)1 : (byte)0);

    /// <summary>The switches of the libtorch that TorchSharp runs on; null where one of them is not in it.</summary>
    internal static LibtorchSwitches? Find(string library = "torch_cpu")
    {
        if (!NativeLibrary.TryLoad(library, typeof(LibtorchSwitches).Assembly, null, out nint handle))
        {
            return null;
        }

        // As GCC and Clang write the names, and as Microsoft's compiler does: at::globalContext(), then members of at::Context.
        string[] names = OperatingSystem.IsWindows()
            ?
            [
                "?globalContext@at@@YAAEAVContext@1@XZ",
                "?userEnabledNNPACK@Context@at@@QEBA_NXZ",
                "?setUserEnabledNNPACK@Context@at@@QEAAX_N@Z",
                "?userEnabledMkldnn@Context@at@@QEBA_NXZ", "?setUserEnabledMkldnn@Context@at@@QEAAX_N@Z",
            ]
            :
            [
                "_ZN2at13globalContextEv", "_ZNK2at7Context17userEnabledNNPACKEv", "_ZN2at7Context20setUserEnabledNNPACKEb",
                "_ZNK2at7Context17userEnabledMkldnnEv", "_ZN2at7Context20setUserEnabledMkldnnEb",
            ];
        var functions = new nint[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            if (!NativeLibrary.TryGetExport(handle, names[i], out functions[i]))
            {
                return null;
            }
        }

        return new LibtorchSwitches(((delegate* unmanaged<nint>)functions[0])(), functions.AsSpan(1));
    }
}
