using System.Runtime.InteropServices;
using Costate.Faces.Inputs;
using Costate.Testing;

namespace Costate.Faces.Tests.Inputs;

public sealed partial class InputFilesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void StandardInput_IsReadOnce()
    {
        byte[] picture = File.ReadAllBytes(Testing.Pictures.Write(folder.PathTo("p.png"), 4, 4));
        InputFiles files = Files(picture);
        Assert.Equal(picture, files.Picture("the picture", "-"));
        Assert.Contains("Got --mask -, but the standard input was read for another", Refused(() => files.Picture("--mask", "-")));

        // Named files are read as often as they are named.
        Assert.Equal(picture, files.Picture("the picture", folder.PathTo("p.png")));
        Assert.Equal(picture, files.Picture("--mask", folder.PathTo("p.png")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("text, and no picture at all")]
    public void StandardInput_OfSomethingElse_IsRefused(string text) =>
        Assert.Contains(
            "Got the picture -: it is neither PNG, JPEG nor WebP",
            Refused(() => Files(System.Text.Encoding.UTF8.GetBytes(text), seekable: false).PictureOrNull("the picture", "-")));

    [Fact]
    public void OtherFiles_AreLeftToOthers()
    {
        Assert.Null(Files([]).PictureOrNull("the picture", folder.Write("a.txt", "text")));
        Assert.Contains("neither PNG", Refused(() => Files([]).Picture("the picture", folder.PathTo("a.txt"))));
        Assert.Contains("no such file", Refused(() => Files([]).Picture("the picture", folder.PathTo("none"))));
        Assert.Contains("it is a folder", Refused(() => Files([]).Picture("the picture", folder.FullName)));
    }

    [Fact]
    public void EndlessInput_IsRefused()
    {
        using var endless = new EndlessPicture();
        var files = new InputFiles(() => endless, default);
        Assert.Contains("of more than 268435456 bytes", Refused(() => files.Picture("the picture", "-")));
    }

    [Fact]
    public async Task Pipes_AreRead_OrWaitedForUntilTheUserGivesUp()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Named pipes are no files there.");
        string pipe = folder.PathTo("pipe");
        Assert.Equal(0, MakePipe(pipe, 0x180));
        byte[] picture = File.ReadAllBytes(Testing.Pictures.Write(folder.PathTo("p.png"), 4, 4));
        Task writing = Task.Run(() => File.WriteAllBytes(pipe, picture), TestContext.Current.CancellationToken);
        Assert.Equal(picture, Files([]).Picture("the picture", pipe));
        await writing;

        using var giveUp = new CancellationTokenSource();
        var files = new InputFiles(() => Stream.Null, giveUp.Token);
        giveUp.CancelAfter(50);
        Assert.ThrowsAny<OperationCanceledException>(() => files.Picture("the picture", pipe));
        Assert.ThrowsAny<OperationCanceledException>(() => files.RefusePipe("--condition", pipe));

        // Two threads are left behind, which wait for a writer still, or will. One that stays lets in whoever comes.
        using var writer = new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        Assert.Contains("Got --condition " + pipe + ", which is a pipe", Refused(() => Files([]).RefusePipe("--condition", pipe)));
    }

    private static InputFiles Files(byte[] input, bool seekable = true) =>
        new(() => seekable ? new MemoryStream(input) : new Pipe(input), default);

    private static string Refused(Action read) => Assert.Throws<InvalidDataException>(read).Message;

    [DllImport("libc", EntryPoint = "mkfifo", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int MakePipe(string path, int mode);

    private sealed class Pipe(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }

    private sealed class EndlessPicture : MemoryStream
    {
        public override bool CanSeek => false;

        public override int Read(Span<byte> buffer)
        {
            ReadOnlySpan<byte> start = [0xFF, 0xD8, 0xFF];
            buffer.Clear();
            start[..Math.Min(3, buffer.Length)].CopyTo(buffer);
            return buffer.Length;
        }
    }
}
