using System.Security.Cryptography;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Short names for numbers, the same in every process.</summary>
internal static class Fingerprint
{
    /// <summary>Of a list of numbers: 64-bit FNV-1a of their bits.</summary>
    internal static string Of(IEnumerable<double> values)
    {
        ulong hash = 14695981039346656037;
        foreach (double value in values)
        {
            foreach (byte b in BitConverter.GetBytes(value))
            {
                hash = (hash ^ b) * 1099511628211;
            }
        }

        return hash.ToString("x16");
    }

    /// <summary>Of tensors: the first 64 bits of SHA-256 of their dtypes, shapes and bits.</summary>
    internal static string Of(IEnumerable<Tensor> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Tensor tensor in tensors)
        {
            using DisposeScope scope = NewDisposeScope();
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{tensor.dtype} {Shapes.Text(tensor)};"));
            hash.AppendData(tensor.detach().cpu().contiguous().bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, sizeof(ulong)));
    }
}
