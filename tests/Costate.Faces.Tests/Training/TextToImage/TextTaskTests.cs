using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Training;
using Costate.Faces.Training.TextToImage;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Training.TextToImage;

/// <summary>What the parts of a text-to-image model learn from, and their losses.</summary>
public sealed class TextTaskTests
{
    private static readonly FaceSelection Faces = new() { Identities = 40, Circumstances = 3, EvenGlasses = true };

    [Fact]
    public void Captions_HaveRoom()
    {
        using var folder = new TemporaryFolder();
        ClipTokenizer tokenizer = Tokenizer(folder);
        int longest = 0;
        for (ulong i = 0; i < 3000; i++)
        {
            longest = Math.Max(longest, tokenizer.Encode(FaceCaption.Of(i, i % 7, i % 11).Text).Count);
        }

        // A person may say more than a caption does.
        Assert.InRange(longest, 20, TextModelFolder.TextLength - 4);
    }

    [Fact]
    public void Captions_AreDrawnAnewAtEachStep_AndAreOfTheirFaces()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        ClipTokenizer tokenizer = Tokenizer(folder);
        var captions = new CaptionTokens(tokenizer, Faces);
        Tensor indices = tensor(new[] { 0L, 50, 119 });
        Tensor At(long step)
        {
            using var random = new StepRandom(3, step);
            return captions.Of(captions.Draw(indices, random));
        }

        Assert.Equal([3, TextModelFolder.TextLength], At(1).shape);
        Assert.True(At(1).equal(At(1)).all().item<bool>());
        Assert.False(At(1).equal(At(2)).all().item<bool>());

        // The first caption of the last face, by its seeds.
        (ulong identity, ulong circumstance) = Faces.Seeds()[119];
        FaceCaption expected = FaceCaption.Of(identity, circumstance);
        Assert.Equal(expected.Text, captions.First(120)[119].Text);
        Assert.Equal(tokenizer.Tokenize(expected.Text).Ids.Select(id => (long)id), captions.Of([expected]).data<long>().ToArray());
        Assert.Equal([tokenizer.Start, tokenizer.End, tokenizer.End], captions.Of("").data<long>().ToArray()[..3]);
    }

    [Fact]
    public void LossOfPairs_IsTheMeanOfBothCrossEntropies()
    {
        using var scope = NewDisposeScope();
        Tensor faces = tensor(new[] { 1f, 0, 0, 1 }, [2, 2]), texts = tensor(new[] { 0.6f, 0.8f, 0, 1 }, [2, 2]);

        // Twice the cosines: rows 1.2 0, 1.6 2; the right ones are on the diagonal.
        double Entropy(double right, double wrong) => Math.Log(1 + Math.Exp(wrong - right));
        double expected = (Entropy(1.2, 0) + Entropy(2, 1.6) + Entropy(1.2, 1.6) + Entropy(2, 0)) / 4;
        Assert.Equal(expected, ClipPairTask.Loss(faces, texts, tensor(2f)).item<float>(), 1e-6);
    }

    [Fact]
    public void Mentions_AreReadOffAState_EachByItsOwnCrossEntropy()
    {
        using var scope = NewDisposeScope();
        using var random = new StepRandom(1, 0);
        using var reader = new MentionReader(4);
        var says = new FaceCaption("a smiling face with dark hair", [new("hair-colour", "dark"), new("smile", "smiling")]);
        Tensor labels = MentionReader.Labels([says, says with { Mentioned = [] }]);

        // One more than the last value of each attribute is that nothing is said of it.
        Assert.Equal([0, 7, 2, 3, 3, 6, 1, 5, 7, 2, 3, 3, 6, 2], labels.data<long>().ToArray());
        Tensor states = random.Normal(2, 4);
        (Tensor weight, Tensor bias) = (reader.Parameters[0].Value, reader.Parameters[1].Value);
        using (no_grad())
        {
            weight.copy_(random.Normal(weight.shape));
            bias.copy_(random.Normal(bias.shape));
        }

        Tensor outputs = states.mm(weight.t()) + bias;
        double expected = 0;
        int first = 0;
        foreach ((int k, FaceAttribute attribute) in FaceAttribute.All.Index())
        {
            Tensor chances = outputs.narrow(1, first, attribute.Values.Count + 1).softmax(1);
            expected -= chances.gather(1, labels.narrow(1, k, 1)).log().mean().item<float>() / FaceAttribute.All.Count;
            first += attribute.Values.Count + 1;
        }

        Assert.Equal(outputs.shape[1], first);
        Assert.Equal(expected, reader.LossOfCaptions(states, labels).item<float>(), 1e-5);

        // A face has a value whatever is said, and one between two values counts nothing.
        Tensor onlySmiles = full_like(labels, -1L);
        onlySmiles[0, 6] = tensor(1L);
        Tensor ofSmile = outputs[0, (first - 3)..(first - 1)].softmax(0)[1].log();
        Assert.Equal(-ofSmile.item<float>() / 14, reader.LossOfFaces(states, onlySmiles).item<float>(), 1e-5);

        // Of nothing but a bias towards "nothing is said of the smile" one label of fourteen is read; the others are the first value's.
        using (no_grad())
        {
            weight.zero_();
            bias.zero_();
            bias[first - 1].fill_(1);
        }

        Assert.Equal(2.0 / 14, reader.Accuracy(states, labels), 1e-12);
    }

    [Fact]
    public void Frequencies_AreHigher_WhereCaptionsSayWhatIsSeldom()
    {
        using var scope = NewDisposeScope();
        float[] frequencies = FaceFrequencies.Of(Faces).data<float>().ToArray();
        float[] expected = [.. Faces.Seeds().Select(seed =>
        {
            FaceIdentity person = FaceIdentity.FromSeed(seed.Identity);
            float smile = DrawnFaces.Moment(seed.Identity, seed.Circumstance).Smile;
            return (person is { Moustache: > 0, Beard: 0 } ? 4f : 1) * (smile is < 0 or > 0.85f ? 3 : 1);
        })];
        Assert.Equal(expected, frequencies);
        Assert.Equal([1, 3, 4], expected.Distinct().Order().Take(3));

        // Drawn by them.
        using var random = new StepRandom(1, 0);
        long[] drawn = random.Places(tensor(frequencies), 4000).data<long>().ToArray();
        double share = drawn.Count(i => frequencies[i] == 3) / 4000.0;
        double wanted = frequencies.Count(f => f == 3) * 3 / (double)frequencies.Sum();
        Assert.Equal(wanted, share, 5 * Math.Sqrt(wanted * (1 - wanted) / 4000));
    }

    [Fact]
    public void Schedule_EndsWithHardlyAnySignal()
    {
        SchedulerConfiguration scheduler = SchedulerConfiguration.Parse(TextModelFolder.Scheduler);
        Assert.InRange(scheduler.Schedule.Alpha(1), 0, 0.01);
        Assert.Equal(1, scheduler.ForSteps(20).Grid.Times[0], 1e-12);
        Assert.Empty(scheduler.IgnoredOptions);
    }

    [Fact]
    public void Tokens_AreThoseOfTheEmbeddedVocabulary()
    {
        using var folder = new TemporaryFolder();
        using var embedded = new EmbeddedModel();
        Assert.Equal(TextModelRecipe.Embedded().Text.VocabSize, Tokenizer(folder).VocabularySize);
        Assert.Equal(
            File.ReadAllText(Path.Combine(embedded.TextFolder, "tokenizer", "merges.txt")),
            File.ReadAllText(folder.PathTo("tokenizer", "merges.txt")));
    }

    private static ClipTokenizer Tokenizer(TemporaryFolder folder)
    {
        var model = new TextModelFolder(folder.FullName);
        model.Prepare();
        return model.Tokenizer;
    }
}
