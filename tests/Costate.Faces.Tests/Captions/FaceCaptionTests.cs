using System.Text.RegularExpressions;
using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using SkiaSharp;

namespace Costate.Faces.Tests.Captions;

public sealed class FaceCaptionTests
{
    private const int Faces = 2000;

    // The words that a value may be said in; any of them must stand in the text, and none of another value's alone.
    private static readonly Dictionary<(string, string), string> Words = new()
    {
        [("hair-colour", "dark")] = @"dark (hair|curls|bob|afro|bun)",
        [("hair-colour", "brown")] = @"brown (hair|curls|bob|afro|bun)",
        [("hair-colour", "blond")] = @"blond (hair|curls|bob|afro|bun)",
        [("hair-colour", "red")] = @"red (hair|curls|bob|afro|bun)",
        [("hair-colour", "grey")] = @"grey (hair|curls|bob|afro|bun)",
        [("hair", "shaven")] = @"a shave[nd] head",
        [("hair", "short")] = @"short (\w+ )?hair",
        [("hair", "bob")] = @"\bbob\b|hair to the chin",
        [("hair", "long")] = @"long (\w+ )?hair",
        [("hair", "curls")] = @"curly|curls",
        [("hair", "afro")] = @"afro",
        [("hair", "bun")] = @"\bbun\b",
        [("glasses", "none")] = @"no glasses",
        [("glasses", "glasses")] = @"(?<!no )glasses",
        [("beard", "none")] = @"no beard|shaved chin",
        [("beard", "moustache")] = @"moustache",
        [("beard", "beard")] = @"(a|full) beard",
        [("skin", "light")] = @"light-skinned|light skin",
        [("skin", "tan")] = @"tan-skinned|tan skin",
        [("skin", "dark")] = @"dark-skinned|dark skin",
        [("background", "red")] = @"red (background|wall)",
        [("background", "yellow")] = @"yellow (background|wall)",
        [("background", "green")] = @"green (background|wall)",
        [("background", "blue")] = @"blue (background|wall)",
        [("background", "purple")] = @"purple (background|wall)",
        [("background", "grey")] = @"grey (background|wall)",
        [("smile", "serious")] = @"serious|not smiling",
        [("smile", "smiling")] = @"(?<!not )smil",
    };

    [Fact]
    public void EveryValue_Occurs()
    {
        IEnumerable<(string, string)> mentioned = Captions().SelectMany(c => c.Caption.Mentioned.Select(m => (m.Attribute, m.Value)));
        Assert.Equal(FaceAttribute.All.SelectMany(a => a.Values.Select(v => (a.Name, v))).Order(), mentioned.Distinct().Order());
    }

    [Fact]
    public void Mentions_AreTrueAndInTheText()
    {
        foreach ((ulong identity, FaceCaption caption) in Captions())
        {
            (FaceIdentity person, FaceCircumstance moment) = (FaceIdentity.FromSeed(identity), DrawnFaces.Moment(identity, 1));
            Assert.All(
                caption.Mentioned,
                m => Assert.Equal(m.Value, FaceAttribute.All.Single(a => a.Name == m.Attribute).Of(person, moment)));
            HashSet<(string, string)> said = [.. caption.Mentioned.Select(m => (m.Attribute, m.Value))];
            Assert.All(Words, w => Assert.True(Regex.IsMatch(caption.Text, w.Value) == said.Contains(w.Key), $"{w.Key}: {caption.Text}"));
        }
    }

    [Fact]
    public void Grammar_IsSane()
    {
        foreach ((_, FaceCaption caption) in Captions())
        {
            string text = caption.Text;
            Assert.Equal(text, text.Trim().ToLowerInvariant());
            Assert.Matches(@"^[a-z][a-z ,-]*[a-z]$", text);
            Assert.DoesNotMatch(@"  | ,|,,|,\S|-\s", text);
            Assert.DoesNotMatch(@"\ba [aeiou]|\ban [^aeiou]|\b(\w+) \1\b", text);
            Assert.InRange(Regex.Count(text, @"\bwith\b"), 0, 1);
            Assert.InRange(Regex.Count(text, @"\band\b"), 0, 1);
        }
    }

    [Fact]
    public void Captions_AreOfTheirSeeds_AndVary()
    {
        Assert.Equal(FaceCaption.Of(3, 4, 5).Text, FaceCaption.Of(3, 4, 5).Text);
        Assert.True(Enumerable.Range(0, 20).Select(i => FaceCaption.Of(3, 4, (ulong)i).Text).Distinct().Count() > 10);
        Assert.True(Captions().Select(c => c.Caption.Text).Distinct().Count() > Faces / 2);

        // What a seed says stays, for those who keep captions.
        Assert.Equal("a face with short dark hair", FaceCaption.Of(7, 1).Text);
    }

    [Fact]
    public void BetweenTwoValues_NothingIsSaid()
    {
        FaceIdentity person = FaceIdentity.FromSeed(1);
        FaceCircumstance moment = DrawnFaces.Moment(1, 1);
        Assert.Null(FaceAttribute.Skin.Of(person with { SkinTone = 0.35f }, moment));
        Assert.Null(FaceAttribute.Smile.Of(person, moment with { Smile = 0.4f }));
        Assert.Equal("serious", FaceAttribute.Smile.Nearest!(person, moment with { Smile = 0.4f }));
        Assert.Null(FaceAttribute.HairColour.Of(person with { Hair = HairStyle.Shaven }, moment));
        Assert.Null(FaceAttribute.Background.Of(person, moment with { BackgroundAbove = SKColor.FromHsv(75, 40, 80) }));
        Assert.Null(FaceAttribute.Background.Of(person, moment with { BackgroundAbove = SKColor.FromHsv(220, 15, 80) }));
        Assert.Equal("blue", FaceAttribute.Background.Of(person, moment with { BackgroundAbove = SKColor.FromHsv(220, 40, 80) }));
        Assert.Equal("red", FaceAttribute.Background.Of(person, moment with { BackgroundAbove = SKColor.FromHsv(355, 40, 80) }));
        Assert.Equal("grey", FaceAttribute.Background.Of(person, moment with { BackgroundAbove = SKColor.FromHsv(75, 6, 80) }));
    }

    private static IEnumerable<(ulong Identity, FaceCaption Caption)> Captions() =>
        Enumerable.Range(0, Faces).Select(i => ((ulong)i, FaceCaption.Of((ulong)i, 1)));
}
