using Costate.Faces.Recognition;
using Costate.Faces.Training.TextToImage;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Recognition;

public sealed class TextLikenessTests
{
    [Fact]
    public void Score_IsTheCosineOfTheTowers_ItemByItem_AndHasAGradient()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var model = new TextModelFolder(TinyTextModel.Write(folder.PathTo("model")));
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(model.FullName);
        using TextLikeness likeness = TextLikeness.Of(pipeline);
        string[] texts = ["a person with red hair", "glasses"];
        Tensor pictures = StartNoise.Draw([2, 3, likeness.Side, likeness.Side], 1, ScalarType.Float32).requires_grad_();
        Tensor both = likeness.Of(pictures, texts);
        using (FaceRecogniser image = FaceRecogniser.FromPretrained(model.PathTo(TextLikeness.ImageFile)))
        {
            Tensor words = pipeline.Condition(texts[1])["text"];
            Assert.Equal([1, TextModelFolder.TextLength, image.Config.EmbeddingWidth], words.shape);
        }

        // The same alone, in 32 bits.
        Assert.Equal(both[1].item<float>(), likeness.Of(pictures.narrow(0, 1, 1), [texts[1]]).item<float>(), 1e-5);
        Assert.All(both.data<float>().ToArray(), value => Assert.InRange(value, -1.0001, 1.0001));
        both[0].backward();
        Assert.True(pictures.grad![0].abs().max().item<float>() > 0);
        Assert.Equal(0, pictures.grad[1].abs().max().item<float>());

        File.Delete(model.PathTo(TextLikeness.ImageFile));
        Assert.Contains("image-tower", Assert.Throws<InvalidDataException>(() => TextLikeness.Of(pipeline)).Message, StringComparison.Ordinal);
    }
}
