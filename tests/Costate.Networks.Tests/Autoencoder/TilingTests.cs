using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class TilingTests
{
    // Rows and columns that divide and that do not, one of them no larger than a tile.
    public static TheoryData<int, int> Sizes => new() { { 8, 14 }, { 17, 11 }, { 20, 20 }, { 26, 9 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void MapOfEachPixelAlone_IsUnchanged(int height, int width)
    {
        using var scope = NewDisposeScope();
        Tensor image = TinyAutoencoder.Image(height, width);
        Near.Equal(image.sin(), new Tiling(8, 8).Map(image, tile => tile.sin()), 1e-15);
        Near.Equal(Doubling.Of(image), new Tiling(8, 16).Map(image, Doubling.Of), 1e-15);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Decode_IsDiffusersLoop(int height, int width)
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = TinyAutoencoder.Network();
        Tensor latents = TinyAutoencoder.Latents(height, width, batch: 2);
        Tensor whole = network.Decode(latents).detach();
        Tensor expected = Loop(latents, tile => network.Decode(tile).detach(), size: 8, resultSize: 16);
        network.TileSize = 16;
        Near.Equal(expected, network.Decode(latents).detach(), 1e-14);
        Assert.True(Near.Relative(whole, expected) > 1e-3);
    }

    [Fact]
    public void Encode_IsDiffusersLoop()
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = TinyAutoencoder.Network();
        Tensor image = TinyAutoencoder.Image(34, 20, batch: 2);
        Tensor expected = Loop(image, tile => network.Encode(tile).Mean.detach(), size: 16, resultSize: 8);
        network.TileSize = 16;
        Assert.Equal([2, 4, 17, 10], expected.shape);
        Near.Equal(expected, network.Encode(image).Mean.detach(), 1e-14);
    }

    [Fact]
    public void ImagesNoLargerThanATile_AreNotTiled()
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = TinyAutoencoder.Network();
        Tensor latents = TinyAutoencoder.Latents(8, 7);
        Tensor whole = network.Decode(latents);
        network.TileSize = 16;
        Near.Equal(whole, network.Decode(latents), 0);
        network.TileSize = null;
        Assert.Null(network.TileSize);
    }

    [Fact]
    public void Vjps_MatchFiniteDifferences()
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = TinyAutoencoder.Network();
        network.TileSize = 8;
        Check(x => network.Decode(x), TinyAutoencoder.Latents(7, 5));
        Check(x => network.Encode(x).Mean, TinyAutoencoder.Image(14, 10));

        static void Check(Func<Tensor, Tensor> map, Tensor x)
        {
            Tensor cotangent = StartNoise.Draw(map(x).shape, 3, ScalarType.Float64);
            Tensor direction = StartNoise.Draw(x.shape, 4, ScalarType.Float64);
            (_, Tensor[] products) = Vjp.Take(inputs => map(inputs[0]), cotangent, x);

            // A central difference of step 1e-5 in float64 is good to about 1e-10.
            double expected = Near.DirectionalDerivative(() => map(x), output => output * cotangent, x, direction);
            Near.Equal(tensor(expected), (products[0] * direction).sum(), 1e-8);
        }
    }

    [Fact]
    public void Gradients_AreTheSameRecomputed()
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = TinyAutoencoder.Network();
        network.TileSize = 8;
        Tensor[] Gradients()
        {
            Tensor x = TinyAutoencoder.Image(12, 14).requires_grad_(true);
            Tensor value = network.Decode(network.Encode(x).Mean).square().sum();
            return [value.detach(), .. Autograd.Gradients([value], [x, .. network.parameters()])];
        }

        Tensor[] expected = Gradients();
        network.GradientCheckpointing = true;
        foreach ((Tensor one, Tensor other) in expected.Zip(Gradients()))
        {
            Near.Equal(one, other, 1e-11);
        }

        Assert.Null(network.BackwardError);
    }

    // diffusers' loop, line for line: tiles are blended in place, rows before columns.
    private static Tensor Loop(Tensor x, Func<Tensor, Tensor> map, int size, int resultSize)
    {
        using IDisposable noGraph = no_grad();
        int overlap = size * 3 / 4, blend = resultSize / 4, limit = resultSize - blend;
        List<List<Tensor>> rows = [];
        for (int i = 0; i < x.shape[2]; i += overlap)
        {
            List<Tensor> row = [];
            for (int j = 0; j < x.shape[3]; j += overlap)
            {
                row.Add(map(x[.., .., i..(int)Math.Min(i + size, x.shape[2]), j..(int)Math.Min(j + size, x.shape[3])]).clone());
            }

            rows.Add(row);
        }

        List<Tensor> results = [];
        for (int i = 0; i < rows.Count; i++)
        {
            List<Tensor> result = [];
            for (int j = 0; j < rows[i].Count; j++)
            {
                Tensor tile = rows[i][j];
                if (i > 0)
                {
                    Blend(rows[i - 1][j], tile, 2, blend);
                }

                if (j > 0)
                {
                    Blend(rows[i][j - 1], tile, 3, blend);
                }

                result.Add(tile.slice(2, 0, limit, 1).slice(3, 0, limit, 1));
            }

            results.Add(cat(result, 3));
        }

        return cat(results, 2);
    }

    private static void Blend(Tensor a, Tensor b, int dimension, int extent)
    {
        extent = (int)Math.Min(Math.Min(a.shape[dimension], b.shape[dimension]), extent);
        for (int y = 0; y < extent; y++)
        {
            double part = (double)y / extent;
            Tensor line = b.select(dimension, y);
            line.copy_((a.select(dimension, a.shape[dimension] - extent + y) * (1 - part)) + (line * part));
        }
    }
}
