using System.Buffers.Binary;
using System.Text;

namespace Costate.Networks.Tests;

/// <summary>Puts the bytes of a file together without Costate's writer, so that they can be as wrong as a test needs.</summary>
internal static class RawSafetensors
{
    internal static byte[] File(string header, int dataBytes = 0) => File(Encoding.UTF8.GetBytes(header), dataBytes);

    internal static byte[] File(byte[] header, int dataBytes = 0, ulong? length = null)
    {
        byte[] file = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length ?? (ulong)header.Length);
        header.CopyTo(file, 8);
        for (int i = 8 + header.Length; i < file.Length; i++)
        {
            file[i] = (byte)i;
        }

        return file;
    }

    internal static string Tensor(string name, string dtype, string shape, string offsets) =>
        $$$"""{"{{{name}}}":{"dtype":"{{{dtype}}}","shape":{{{shape}}},"data_offsets":{{{offsets}}}}}""";
}
