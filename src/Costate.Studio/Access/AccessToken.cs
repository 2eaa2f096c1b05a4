using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Costate.Studio.Access;

/// <summary>The secret of one run of the studio, which whoever may use it has from the address that was printed.</summary>
internal sealed class AccessToken
{
    private const int Bytes = 32;

    private readonly byte[] digest;

    private AccessToken(string text) => (Text, digest) = (text, SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>As it stands in addresses.</summary>
    internal string Text { get; }

    /// <summary>A new one of 256 random bits.</summary>
    internal static AccessToken New() => new(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes)));

    /// <summary>Whether a text is it, in a time that says nothing about where they differ, nor of its length.</summary>
    internal bool Is(string? text) =>
        text is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(text)), digest);
}
