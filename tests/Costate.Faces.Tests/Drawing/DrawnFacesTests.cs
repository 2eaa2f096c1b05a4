using Costate.Faces.Drawing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Drawing;

public sealed class DrawnFacesTests
{
    [Fact]
    public void SameSeeds_GiveTheSameBytes()
    {
        using var scope = NewDisposeScope();
        Assert.True(DrawnFaces.Batch([(3, 4), (5, 6)])[1].equal(DrawnFaces.Batch([(5, 6)])[0]).all().item<bool>());
    }

    [Fact]
    public void OtherSeeds_GiveOtherPictures()
    {
        using var scope = NewDisposeScope();
        Assert.True(Distance((3, 4), (3, 5)) > 1);
        Assert.True(Distance((3, 4), (4, 4)) > 1);
    }

    // Backgrounds and clothes differ between pictures of a person, so this looks at the middle of the face alone.
    [Fact]
    public void PicturesOfOnePerson_AreMoreAlikeThanThoseOfTwo()
    {
        using var scope = NewDisposeScope();
        const int People = 100;
        Tensor first = Middle(0);
        Tensor second = Middle(1);
        Tensor same = (first - second).abs().mean([1, 2, 3]);
        Tensor other = (first - second.roll(1, 0)).abs().mean([1, 2, 3]);
        Assert.True(same.mean().item<float>() < 0.6 * other.mean().item<float>());

        Tensor Middle(ulong when) =>
            DrawnFaces.Batch([.. Enumerable.Range(0, People).Select(i => ((ulong)i, when))])[.., .., 20..52, 18..46].to(ScalarType.Float32);
    }

    [Fact]
    public void Traits_AreSpreadOverTheirRange()
    {
        FaceIdentity[] people = [.. Enumerable.Range(0, 2000).Select(i => FaceIdentity.FromSeed((ulong)i))];
        Assert.Equal(Enum.GetValues<HairStyle>().Length, people.Select(p => p.Hair).Distinct().Count());
        Assert.True(people.Min(p => p.EyeSpacing) < 6.2 && people.Max(p => p.EyeSpacing) > 8.4);
        Assert.InRange(people.Count(p => p.Moles.Count > 0), 600, 800);
        Assert.InRange(people.Count(p => p.Beard > 0), 350, 550);
    }

    // Of the traits that are drawn last, so that none before them may draw more or less than it did.
    [Fact]
    public void Seeds_KeepTheirPeopleAndMoments()
    {
        ulong freckled = Enumerable.Range(0, 100).Select(i => (ulong)i).First(i => FaceIdentity.FromSeed(i).Freckles.Count > 0);
        SKPoint last = FaceIdentity.FromSeed(freckled).Freckles[^1];
        Assert.Equal((4ul, 4.61657715f, 6.38714647f), (freckled, last.X, last.Y));
        Assert.Equal((HairTone.Black, 3.14291906f), (FaceIdentity.FromSeed(7).HairTone, FaceIdentity.FromSeed(7).HairVolume));
        Assert.Equal(1.18439615f, DrawnFaces.Moment(7, 1).Noise);
    }

    [Fact]
    public void Traits_TellPeopleAndMomentsApart()
    {
        float[] Of(ulong identity, ulong circumstance) => FaceTraits.Of(FaceIdentity.FromSeed(identity), DrawnFaces.Moment(identity, circumstance));
        Assert.Equal(Of(3, 4), Of(3, 4));
        int[] changed = [.. Of(3, 4).Zip(Of(3, 5)).Index().Where(p => p.Item.First != p.Item.Second).Select(p => p.Index)];
        float[][] all = [.. Enumerable.Range(0, 300).Select(i => Of((ulong)i, 1))];

        // The person's come first, and no moment changes them; each varies among people.
        Assert.InRange(changed.Min(), 30, 60);
        Assert.All(all[0].Select((_, k) => all.Select(row => row[k]).Distinct().Count()), count => Assert.True(count > 1));
        Assert.All(all.SelectMany(row => row), value => Assert.True(float.IsFinite(value)));
    }

    // A tone is changed by at most 12 levels, which leaves it nearest to its own by the redness alone or by the blue.
    [Fact]
    public void HairTone_IsThatOfItsColour()
    {
        for (ulong seed = 0; seed < 500; seed++)
        {
            FaceIdentity person = FaceIdentity.FromSeed(seed);
            SKColor expected = person.HairTone switch
            {
                HairTone.Black => new(28, 22, 22),
                HairTone.DarkBrown => new(54, 34, 24),
                HairTone.Brown => new(94, 58, 34),
                HairTone.LightBrown => new(142, 90, 48),
                HairTone.DarkBlond => new(190, 142, 76),
                HairTone.Blond => new(226, 192, 128),
                HairTone.Red => new(164, 66, 30),
                _ => new(150, 148, 146),
            };
            Assert.True(Math.Abs(person.HairColour.Red - expected.Red) <= 12 && Math.Abs(person.HairColour.Blue - expected.Blue) <= 12);
        }
    }

    [Fact]
    public void PortraitsOf128Pixels_AreTheSmallOnesInDetail()
    {
        using var scope = NewDisposeScope();
        (ulong, ulong)[] seeds = [.. Enumerable.Range(0, 30).Select(i => ((ulong)i, 3ul))];
        Tensor small = DrawnFaces.Batch(seeds).to(ScalarType.Float32);
        Tensor reduced = nn.functional.avg_pool2d(DrawnFaces.Batch(seeds, 128).to(ScalarType.Float32), 2);

        // The grain, drawn for each pixel, and the edges, in levels of 255; two people differ by 30 and more.
        Assert.InRange((small - reduced).abs().mean([1, 2, 3]).max().item<float>(), 0, 4);
        Assert.True((small - reduced.roll(1, 0)).abs().mean([1, 2, 3]).min().item<float>() > 10);
    }

    [Fact]
    public void LargePortrait_IsTheSmallOneInDetail()
    {
        using SKBitmap small = DrawnFaces.Draw(7, 1);
        using SKBitmap large = DrawnFaces.Draw(7, 1, 256);
        using SKBitmap reduced = large.Resize(small.Info, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        double difference = small.Pixels.Zip(reduced.Pixels, (a, b) => Math.Abs(a.Green - b.Green)).Average();

        // The grain, drawn for each pixel, and the edges.
        Assert.InRange(difference, 0, 6);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(5000)]
    public void ImpossibleSize_IsRefused(int size) => Assert.Throws<ArgumentOutOfRangeException>(() => DrawnFaces.Draw(1, 1, size));

    private static double Distance((ulong, ulong) a, (ulong, ulong) b) =>
        (DrawnFaces.Batch([a]).to(ScalarType.Float32) - DrawnFaces.Batch([b]).to(ScalarType.Float32)).abs().mean().item<float>();
}
