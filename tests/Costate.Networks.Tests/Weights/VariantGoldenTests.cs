using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>The networks of latent diffusion from folders whose weights have a word of their own in their names.</summary>
public sealed class VariantGoldenTests
{
    [Fact]
    public void Variant_IsFoundByItsWord()
    {
        using var scope = NewDisposeScope();
        const string Stem = "diffusion_pytorch_model";
        Check(FirstOf("unet-condition"), Stem, (folder, word) => UNet2DConditionModel.FromPretrained(folder, variant: word));
        Check(FirstOf("vae"), Stem, (folder, word) => AutoencoderKL.FromPretrained(folder, variant: word));
        string text = Directory.GetDirectories(Goldens.PathTo("text-encoders"))
            .First(folder => File.ReadAllText(Path.Combine(folder, "config.json")).Contains("clip_text_model", StringComparison.Ordinal));
        Check(text, "model", (folder, word) => ClipTextModel.FromPretrained(folder, variant: word));
    }

    private static string FirstOf(string parent) => Directory.GetDirectories(Goldens.PathTo(parent)).Order(StringComparer.Ordinal).First();

    private static void Check(string golden, string stem, Func<string, string?, nn.Module> load)
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(golden, "config.json"), folder.PathTo("config.json"));
        File.Copy(Path.Combine(golden, $"{stem}.safetensors"), folder.PathTo($"{stem}.fp16.safetensors"));
        using (nn.Module network = load(folder.FullName, "fp16"))
        {
            Assert.All(network.parameters(), parameter => Assert.True(parameter.isfinite().all().item<bool>()));
        }

        string message = Assert.Throws<FileNotFoundException>(() => { load(folder.FullName, null); }).Message;
        Assert.Contains("fp16", message, StringComparison.Ordinal);
    }
}
