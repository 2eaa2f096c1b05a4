using System.Text;
using Costate.Testing;

namespace Costate.Networks.Tests;

/// <summary>Hostile and damaged files: each is refused, with a message that says why.</summary>
public sealed class SafetensorsHeaderTests : IDisposable
{
    private const string Good = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""";

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> BadJson => new()
    {
        // Not JSON, or not an object.
        { "[]", "starts with byte 0x5b" },
        { " {}", "starts with byte 0x20" },
        { "\0\0", "starts with byte 0x00" },
        { "{{", "not valid JSON" },
        { """{"a":""", "not valid JSON" },
        { "{} x", "not valid JSON" },
        { "{}{}", "not valid JSON" },
        { """{/**/}""", "not valid JSON" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},}""", "not valid JSON" },
        { """{"a":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}}""", "not valid JSON of three levels" },
        { Good.Replace("[2]", new string('[', 100_000)), "not valid JSON of three levels" },
        { """{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "surrogate" },

        // Names and keys.
        { Good[..^1] + "," + Good[1..], "two tensors named 'a'" },
        { Good[..^1] + "," + Good[1..].Replace("\"a\"", "\"\\u0061\""), "two tensors named 'a'" },
        { Good.Replace("\"shape\"", "\"dtype\""), "two keys 'dtype'" },
        { Good.Replace("\"dtype\":\"F32\"", "\"shape\":[2]"), "two keys 'shape'" },
        { Good.Replace("\"dtype\":\"F32\"", "\"data_offsets\":[0,8]"), "two keys 'data_offsets'" },
        { Good.Replace("\"dtype\":\"F32\",", ""), "no key 'dtype'" },
        { Good.Replace("\"shape\":[2],", ""), "no key 'shape'" },
        { Good.Replace(",\"data_offsets\":[0,8]", ""), "no key 'data_offsets'" },
        { Good.Replace("\"dtype\"", "\"x\":1,\"dtype\""), "has the key 'x'" },
        { """{"a":1}""", "'a' is a number" },
        { """{"a":null}""", "'a' is null" },
        { """{"a":[]}""", "'a' is an array" },

        // Element type.
        { Good.Replace("F32", "F99"), "dtype 'F99', which the format does not have; expected one of U64, I64, F64, C64" },
        { Good.Replace("F32", "f32"), "the format does not have" },
        { Good.Replace("F32", "F8_E4M3"), "takes 8 bytes; expected 2 for F8_E4M3 of shape [2]" },
        { Good.Replace("F32", "F4").Replace("[2]", "[15]"), "15 elements of 4 bits; expected elements that fill whole bytes" },
        { Good.Replace("F32", "F6_E2M3").Replace("[2]", "[12]"), "takes 8 bytes; expected 9 for F6_E2M3 of shape [12]" },
        { Good.Replace("F32", "F4").Replace("[2]", "[9223372036854775806]"), "takes 8 bytes; expected 4611686018427387903" },
        { Good.Replace("\"F32\"", "3"), "dtype of tensor 'a' is a number" },

        // Shape.
        { Good.Replace("[2]", "[-2]"), "shape of tensor 'a' holds -2" },
        { Good.Replace("[2]", "[2.0]"), "shape of tensor 'a' holds 2.0" },
        { Good.Replace("[2]", "[2e0]"), "shape of tensor 'a' holds 2e0" },
        { Good.Replace("[2]", "[\"2\"]"), "shape of tensor 'a' holds a string" },
        { Good.Replace("[2]", "[null]"), "shape of tensor 'a' holds null" },
        { Good.Replace("[2]", "2"), "shape of tensor 'a' is a number" },
        { Good.Replace("[2]", "[18446744073709551618]"), "holds 18446744073709551618" },
        { Good.Replace("[2]", "[4294967296,4294967296]"), "overflows" },
        { Good.Replace("[2]", "[9223372036854775807]"), "overflows" },
        { Good.Replace("[2]", "[2305843009213693954]"), "overflows" },
        { Good.Replace("[2]", "[0,4294967296,4294967296]"), "overflows" },
        { Good.Replace("[2]", "[4294967296,4294967296,0]"), "overflows" },
        { Good.Replace("[2]", "[2" + string.Concat(Enumerable.Repeat(",1", 64)) + "]"), "has 65 dimensions; "
            + "expected at most 64, the limit here" },
        { Good.Replace("[2]", "[3]"), "takes 8 bytes; expected 12 for F32 of shape [3]" },
        { Good.Replace("[2]", "[]"), "takes 8 bytes; expected 4" },
        { Good.Replace("[2]", "[0]"), "takes 8 bytes; expected 0" },
        { Good.Replace("F32", "F16"), "takes 8 bytes; expected 4" },

        // Offsets.
        { Good.Replace("[0,8]", "[8,0]"), "data_offsets of tensor 'a' is [8, 0]" },
        { Good.Replace("[0,8]", "[-8,0]"), "data_offsets of tensor 'a' holds -8" },
        { Good.Replace("[0,8]", "[0,8.5]"), "data_offsets of tensor 'a' holds 8.5" },
        { Good.Replace("[0,8]", "[0,\"8\"]"), "data_offsets of tensor 'a' holds a string" },
        { Good.Replace("[0,8]", "[8]"), "has 1 numbers" },
        { Good.Replace("[0,8]", "[]"), "has 0 numbers" },
        { Good.Replace("[0,8]", "[0,8,8]"), "has 3 numbers; expected two" },
        { Good.Replace("[0,8]", "8"), "data_offsets of tensor 'a' is a number" },
        { Good.Replace("[0,8]", "[8,16]"), "ends at byte 16 of a data section of 8 bytes" },
        { Good.Replace("[0,8]", "[9223372036854775799,9223372036854775807]"), "ends at byte 9223372036854775807" },

        // Coverage of the data section, of 8 bytes in all these.
        { "{}", "end at byte 0 of a data section of 8 bytes" },
        { RawSafetensors.Tensor("a", "F32", "[1]", "[0,4]"), "end at byte 4 of a data section of 8 bytes" },
        { RawSafetensors.Tensor("a", "F32", "[1]", "[4,8]"), "no tensor covers bytes 0 to 4" },
        { Good[..^1] + "," + Good.Replace("\"a\"", "\"b\"")[1..], "'b' starts at byte 0, inside tensor 'a'" },
        { Good[..^1] + ""","b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'b' starts at byte 4, inside tensor 'a'" },
        { Good[..^1] + ""","b":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}""", "'b' starts at byte 4, inside tensor 'a'" },
        {
            """{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""",
            "no tensor covers bytes 3 to 4"
        },

        // Metadata.
        { Good[..^1] + ",\"__metadata__\":[]}", "'__metadata__' is an array" },
        { Good[..^1] + ",\"__metadata__\":null,\"__metadata__\":null}", "two keys '__metadata__'" },
        { Good[..^1] + ",\"__metadata__\":{\"k\":null}}", "'k' in '__metadata__' is null" },
        { Good[..^1] + ",\"__metadata__\":{\"k\":1}}", "'k' in '__metadata__' is a number" },
        { Good[..^1] + ",\"__metadata__\":{\"k\":{}}}", "'k' in '__metadata__' is an object" },
        { Good[..^1] + ",\"__metadata__\":{\"k\":true}}", "'k' in '__metadata__' is a truth value" },
        { Good[..^1] + ",\"__metadata__\":{\"k\":\"1\",\"k\":\"1\"}}", "two keys 'k'" },
        { Good[..^1] + ",\"__metadata__\":{},\"__metadata__\":{}}", "two keys '__metadata__'" },
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_AcceptsTheHeaderThatTheOthersBreak()
    {
        File.WriteAllBytes(_folder.PathTo("a"), RawSafetensors.File(Good, 8));
        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));
        Assert.Equal(["a"], file.Names);
    }

    [Theory]
    [MemberData(nameof(BadJson))]
    public void Open_RefusesHeader(string header, string reason) => Refused(RawSafetensors.File(header, 8), reason);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(100_000_001)]
    [InlineData(0x7fff_ffff_ffff_ffff)]
    [InlineData(0x8000_0000_0000_0000)]
    [InlineData(0xffff_ffff_ffff_ffff)]
    public void Open_RefusesHeaderLength(ulong length) =>
        Refused(
            RawSafetensors.File(Encoding.UTF8.GetBytes(Good), 8, length),
            $"given as {length} bytes; expected 2 to {Good.Length + 8} in a file of {Good.Length + 16} bytes");

    // It may be as it should be, only larger than can be read: nothing is said of damage.
    [Fact]
    public void Open_RefusesAHeaderAboveTheLimitInALargeFile()
    {
        // Sparse: it takes no room on the disk.
        using (FileStream stream = File.Create(_folder.PathTo("a")))
        {
            stream.Write(RawSafetensors.File([], 0, 100_000_001));
            stream.SetLength(200_000_000);
        }

        string message = Failure(_folder.PathTo("a")).Message;
        Assert.Contains("its header has 100000001 bytes; expected at most 100000000, the limit", message);
        Assert.DoesNotContain("damaged", message);
    }

    [Fact]
    public void Open_TakesMetadataOfNullForNone()
    {
        File.WriteAllBytes(_folder.PathTo("a"), RawSafetensors.File(Good[..^1] + ",\"__metadata__\":null}", 8));
        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));
        Assert.Empty(file.Metadata);
        Assert.Equal(["a"], file.Names);
    }

    [Fact]
    public void Open_RefusesInvalidUtf8()
    {
        byte[] header = Encoding.UTF8.GetBytes(Good);
        header[2] = 0xff;
        Refused(RawSafetensors.File(header, 8), "not valid UTF-8");
    }

    [Fact]
    public void Open_RefusesEveryTruncation()
    {
        byte[] whole = RawSafetensors.File(Good, 8);
        for (int length = 0; length < whole.Length; length++)
        {
            Refused(whole[..length], "Cannot read");
        }
    }

    [Fact]
    public void Open_ShowsNamesWithoutControlCharacters()
    {
        string header = RawSafetensors.Tensor("\\u001b[2J\\n\\u202e" + new string('x', 1000), "F99", "[]", "[0,8]");
        string message = Refused(RawSafetensors.File(header, 8), "\\u001b[2J\\u000a\\u202exxx");
        Assert.DoesNotContain('\u001b', message);
        Assert.InRange(message.Length, 1, 500 + _folder.PathTo("a").Length);
    }

    [Fact]
    public void Open_RefusesAMissingFile()
    {
        Assert.Contains("no such file", Failure(_folder.PathTo("missing")).Message);
        Assert.IsType<FileNotFoundException>(Failure(_folder.PathTo("missing")).InnerException);
        Assert.Contains("no such file", Failure(Path.Combine(_folder.PathTo("no"), "file")).Message);
    }

    [Fact]
    public void Open_RefusesAFolder() => Assert.Contains("it is a folder", Failure(_folder.FullName).Message);

    [Fact]
    public void Open_RefusesAFileItMayNotRead()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "This user may read every file.");
        File.WriteAllBytes(_folder.PathTo("a"), RawSafetensors.File(Good, 8));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder.PathTo("a"), UnixFileMode.None);
        }

        Assert.Contains("access was denied", Failure(_folder.PathTo("a")).Message);
    }

    [Fact]
    public void Open_RefusesAFileThatIsBeingWritten()
    {
        using FileStream writing = new(_folder.PathTo("a"), FileMode.Create, FileAccess.Write, FileShare.None);
        Assert.Contains("no other program is writing", Failure(_folder.PathTo("a")).Message);
    }

    [Fact]
    public void Open_LeavesTheFileFree()
    {
        File.WriteAllBytes(_folder.PathTo("a"), RawSafetensors.File("{{", 8));
        Failure(_folder.PathTo("a"));
        File.Open(_folder.PathTo("a"), FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
    }

    private string Refused(byte[] file, string reason)
    {
        File.WriteAllBytes(_folder.PathTo("a"), file);
        string message = Failure(_folder.PathTo("a")).Message;
        Assert.Contains(reason, message);
        Assert.Contains("; expected ", message);
        return message;
    }

    private static SafetensorsException Failure(string path) =>
        Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path).Dispose());
}
