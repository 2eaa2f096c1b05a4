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
        Tensor both = likeness.Score(pictures, texts);
        using (FaceRecogniser image = FaceRecogniser.FromPretrained(model.PathTo(TextLikeness.ImageFile)))
        {
            Tensor words = pipeline.Condition(texts[1])["text"];
            Assert.Equal([1, TextModelFolder.TextLength, image.Config.EmbeddingWidth], words.shape);
        }

        // The same alone, in 32 bits.
        Assert.Equal(both[1].item<float>(), likeness.Score(pictures.narrow(0, 1, 1), [texts[1]]).item<float>(), 1e-5);
        Assert.All(both.data<float>().ToArray(), value => Assert.InRange(value, -1.0001, 1.0001));
        both[0].backward();
        Assert.True(pictures.grad![0].abs().max().item<float>() > 0);
        Assert.Equal(0, pictures.grad[1].abs().max().item<float>());

        // One text for all is that text for each.
        Tensor oneForAll = likeness.Score(pictures, texts[1]);
        Assert.Equal(both[1].item<float>(), oneForAll[1].item<float>(), 1e-5);
        Assert.NotEqual(both[0].item<float>(), oneForAll[0].item<float>(), 1e-3);

        // What comes out is as what went in, and the gradient too.
        Tensor doubles = pictures.detach().to(ScalarType.Float64).requires_grad_();
        Tensor score = likeness.Score(doubles, texts);
        Assert.Equal(ScalarType.Float64, score.dtype);
        score.sum().backward();
        Assert.Equal(ScalarType.Float64, doubles.grad!.dtype);
        Assert.True(doubles.grad[1].abs().max().item<double>() > 0);

        File.Delete(model.PathTo(TextLikeness.ImageFile));
        Assert.Contains("image-tower", Assert.Throws<InvalidDataException>(() => TextLikeness.Of(pipeline)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatItCannotTake_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(TinyTextModel.Write(folder.PathTo("model")));
        using TextLikeness likeness = TextLikeness.Of(pipeline), cutting = TextLikeness.Of(pipeline, truncate: true);
        Tensor two = zeros(2, 3, 8, 8);
        Refused("3 texts for 2 pictures", two, "a", "b", "c");
        Refused("0 texts for 2 pictures", two);
        Refused("[2, 3, 8]", two[.., .., .., 0], "a");
        Refused("[2, 1, 8, 8]", two[.., ..1], "a");
        Refused("[0, 3, 8, 8]", two[..0], "a");
        Refused("of Byte", two.to(ScalarType.Byte), "a");

        string words = string.Join(' ', Enumerable.Repeat("hair", 2 * TextModelFolder.TextLength));
        Assert.Contains("do not fit", Assert.Throws<InputException>(() => likeness.Score(two, words)).Message);
        Assert.Equal([2], cutting.Score(two, words).shape);

        void Refused(string what, Tensor pictures, params string[] texts) =>
            Assert.Contains(what, Assert.Throws<ArgumentException>(() => likeness.Score(pictures, texts)).Message);
    }
}
