using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class SafetensorsFuzzTests : IDisposable
{
    private const int Cases = 2000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_SucceedsOrThrowsItsOwnException()
    {
        byte[] valid = ValidFile();
        int headerEnd = 8 + BitConverter.ToInt32(valid);
        var random = new Random(20260101);
        int read = 0;
        int refused = 0;
        for (int i = 0; i < Cases; i++)
        {
            byte[] file = Damage(valid, headerEnd, random);
            File.WriteAllBytes(_folder.PathTo("a"), file);
            try
            {
                using DisposeScope scope = NewDisposeScope();
                using SafetensorsFile opened = SafetensorsFile.Open(_folder.PathTo("a"));
                opened.ReadAll();
                read++;
            }
            catch (SafetensorsException)
            {
                refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"Case {i}: {e}\n{Convert.ToHexString(file)}");
            }
        }

        // Both must be frequent, or the damage was too much or too little to reach the checks.
        Assert.InRange(read, Cases / 20, Cases);
        Assert.InRange(refused, Cases / 2, Cases);
    }

    private static byte[] Damage(byte[] valid, int headerEnd, Random random)
    {
        byte[] file = [.. valid];
        int kind = random.Next(10);
        if (kind == 0)
        {
            return file[..random.Next(file.Length)];
        }

        if (kind == 1)
        {
            return [.. file, .. new byte[random.Next(1, 20)]];
        }

        int flips = random.Next(1, 4);
        for (int flip = 0; flip < flips; flip++)
        {
            // Most of the header's bytes are digits, quotes and brackets, so swap these for each other half of the time.
            int position = kind == 2 ? random.Next(headerEnd, file.Length) : random.Next(headerEnd);
            file[position] = random.Next(2) == 0
                ? (byte)random.Next(256)
                : "0123456789\",:[]{} -.eFUBI"u8[random.Next(25)];
        }

        return file;
    }

    private byte[] ValidFile()
    {
        using DisposeScope scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>
        {
            ["weight"] = rand(3, 4),
            ["half"] = rand(5).to(ScalarType.Float16),
            ["scalar"] = tensor(1.0),
            ["empty"] = zeros(0, 3),
            ["bytes"] = zeros([7], ScalarType.Byte),
            ["flags"] = ones([3], ScalarType.Bool),
            ["complex"] = zeros([2], ScalarType.ComplexFloat32),
            ["short"] = zeros([2], ScalarType.Int16),
        };
        SafetensorsFile.Write(_folder.PathTo("valid"), tensors, new Dictionary<string, string> { ["format"] = "pt" });
        return File.ReadAllBytes(_folder.PathTo("valid"));
    }
}
