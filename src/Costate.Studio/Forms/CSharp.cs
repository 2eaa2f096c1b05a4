using System.Text;

namespace Costate.Studio.Forms;

/// <summary>What pieces of C# for the reader have in common.</summary>
internal static class CSharp
{
    /// <summary>The usings, and libtorch prepared.</summary>
    internal static string Begin(params string[] namespaces) =>
        string.Concat(namespaces.Prepend("Costate").Append("TorchSharp").Select(name => $"using {name};\n"))
        + """
        using static TorchSharp.torch;

        CpuLibraries.Prepare(keepOneDnn: true);
        using DisposeScope scope = NewDisposeScope();

        """;

    /// <summary>Opens the pipeline.</summary>
    internal static string Pipeline(string? model) =>
        $"using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained({(model is null ? EmbeddedText : Literal(model))});\n"
        + "(int height, int width) = pipeline.PictureSize;\n";

    /// <summary>Reads a picture as the tool does, by SkiaSharp: the middle of it.</summary>
    internal static string ReadPicture => """

        // The middle of a picture, [1, 3, height, width] in -1..1.
        static Tensor Read(string path, int height, int width)
        {
            using SKBitmap picture = SKBitmap.Decode(path);
            double scale = Math.Min((double)picture.Width / width, (double)picture.Height / height);
            (int w, int h) = ((int)Math.Round(width * scale), (int)Math.Round(height * scale));
            using var cut = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul));
            using var canvas = new SKCanvas(cut);
            canvas.Clear(SKColors.White);
            canvas.DrawImage(
                SKImage.FromBitmap(picture),
                SKRect.Create((picture.Width - w) / 2, (picture.Height - h) / 2, w, h),
                SKRect.Create(width, height),
                w == width ? SKSamplingOptions.Default
                    : w > width ? new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear)
                    : new SKSamplingOptions(SKCubicResampler.Mitchell));
            using Tensor pixels = tensor(cut.Bytes, [1, height, width, 4], ScalarType.Byte);
            return pixels[.., .., .., ..3].permute(0, 3, 1, 2).to(ScalarType.Float32) / 127.5 - 1;
        }

        """;

    /// <summary>Writes pictures [batch, 3, height, width], by SkiaSharp.</summary>
    internal static string WritePictures => """

        // Each of pictures [batch, 3, height, width] in -1..1 as a PNG.
        static void Write(string name, Tensor pictures)
        {
            for (int i = 0; i < pictures.shape[0]; i++)
            {
                Tensor bytes = ((pictures[i] + 1) * 127.5).round().clamp(0, 255).to(ScalarType.Byte).permute(1, 2, 0);
                Tensor opaque = cat([bytes, full(bytes.shape[0], bytes.shape[1], 1, 255, ScalarType.Byte)], 2).contiguous();
                using var bitmap = new SKBitmap((int)bytes.shape[1], (int)bytes.shape[0], SKColorType.Rgba8888, SKAlphaType.Opaque);
                System.Runtime.InteropServices.Marshal.Copy(opaque.data<byte>().ToArray(), 0, bitmap.GetPixels(), (int)opaque.numel());
                using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
                File.WriteAllBytes($"{name}-{i + 1}.png", png.ToArray());
            }
        }

        """;

    // The folder is beside every program that references Costate.Faces.
    private const string EmbeddedText = "Path.Combine(AppContext.BaseDirectory, \"Weights\", \"text\")";

    /// <summary>A text in C#; null where there is none.</summary>
    internal static string Literal(string? text)
    {
        if (text is null)
        {
            return "null";
        }

        var literal = new StringBuilder("\"");
        foreach (char c in text)
        {
            literal.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                _ when char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' or '\u0085' => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        return literal.Append('"').ToString();
    }
}
