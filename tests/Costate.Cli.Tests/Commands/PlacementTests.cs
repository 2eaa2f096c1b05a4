using Costate.Faces.Models;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands;

/// <summary>
/// Every tensor of a run is where its networks are. There is no second device to try it on, so that the first takes its part: what says no
/// device is made without memory meanwhile, where nothing can be computed of it.
/// </summary>
[LongProof]
public sealed class PlacementTests(PlacementTests.Files files) : IClassFixture<PlacementTests.Files>, IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>What all of them read.</summary>
    public sealed class Files : IDisposable
    {
        private readonly TemporaryFolder folder = new();

        public Files()
        {
            Picture = Pictures.Write(
                folder.PathTo("a.png"), 64, 64, (x, y) => new SKColor((byte)(4 * x), (byte)(255 - (3 * y)), 128));
            Weights = TinyWeights.Write(folder.PathTo("weights"));
        }

        public string Picture { get; }

        public string Weights { get; }

        public void Dispose() => folder.Dispose();
    }

    [Theory]
    [InlineData("morph --steps 3 --encode-steps 4 --iterations 2")]
    [InlineData("morph --sde --steps 3 --iterations 2 --inject-noise 0.1 --optimiser descent")]
    [InlineData("morph --steps 3 --encode-steps 4 --iterations 2 --method adjoint-deis:2 --optimiser l-bfgs")]
    [InlineData("morph --steps 3 --solver rex:midpoint --method reversible --iterations 2")]
    [InlineData("guide --task inpaint --steps 3 --samples 2")]
    [InlineData("guide --task inpaint --hidden 0.5 --noise 0.1 --method dps --steps 3")]
    [InlineData("guide --task super-resolution --bicubic --method greedy --lookahead 2 --scheme midpoint --steps 4")]
    [InlineData("guide --task super-resolution --method greedy --lookahead all --steps 4")]
    [InlineData("guide --task deblur --method freedom --steps 3 --code mean")]
    [InlineData("guide --task deblur --motion-blur 5 --method lgd-mc --steps 3")]
    [InlineData("guide --task identity --method tfg --steps 3")]
    [InlineData("guide --task identity --method universal --steps 3")]
    [InlineData("guide --task deblur --method mpgd --steps 3")]
    [InlineData("guide --task deblur --method greedy-dim --steps 3 --iterations 2")]
    [InlineData("guide --task deblur --method red-diff --steps 3")]
    [InlineData("guide --task deblur --method end-to-end --steps 3 --iterations 2")]
    [InlineData("guide --task inpaint --method flowgrad --steps 3 --iterations 2")]
    [InlineData("guide --task inpaint --method oc-flow --steps 3 --iterations 2")]
    [InlineData("evaluate guidance --faces 2 --methods greedy --lookahead 1 --evaluations 5")]
    [InlineData(
        "evaluate morphs --pairs 2 --candidates 8 --methods source,dim-a,morph-pipe,greedy-dim,adjoint-deis-1,adjoint-deis-sde --blends 2 "
        + "--probes 1 --steps 3 --encode-steps 4 --iterations 2 --blend-steps 3 --inner-steps 2")]
    [InlineData("evaluate pairs --people 30 --tries 1 --steps 3 --encode-steps 4 --iterations 2")]
    public void Faces_AreWhereTheNetworksAre(string line)
    {
        using var scope = NewDisposeScope();
        Done(line, TinyMorphModel.Load(null));
    }

    [Theory]
    [InlineData("sample --condition-from PICTURE --steps 3 --batch 2")]
    [InlineData("sample --condition-from PICTURE --steps 3 --solver sde-dpm++2m")]
    [InlineData("gradient --condition-from PICTURE --steps 3 --loss sum --by-step")]
    [InlineData("gradient --condition-from PICTURE --steps 3 --loss mean-square --method adjoint-deis:2")]
    [InlineData("gradient --condition-from PICTURE --steps 3 --loss sum --method revolve:2")]
    [InlineData("invert PICTURE --steps 3")]
    [InlineData("invert PICTURE --steps 3 --solver rex:midpoint")]
    [InlineData("edit PICTURE --condition-from PICTURE --steps 3 --round-trip")]
    [InlineData("interpolate PICTURE PICTURE --count 3 --steps 3")]
    [InlineData("sample --prompt red --steps 3")]
    [InlineData("gradient --prompt red --steps 3 --loss mean-square")]
    [InlineData("invert PICTURE --prompt red --steps 3")]
    [InlineData("edit PICTURE --from red --prompt blue --steps 3 --solver rex:midpoint")]
    [InlineData("guide PICTURE --prompt red --task inpaint --steps 3 --method end-to-end --iterations 2")]
    [InlineData("guide PICTURE --prompt red --task deblur --steps 3 --method dps")]
    [InlineData("guide --task prompt --prompt red --steps 3")]
    [InlineData("evaluate autoencoder --faces 2 --steps 2")]
    [InlineData("evaluate recognisers --identities 50 --pictures 2")]
    [InlineData("evaluate recognisers --identities 50 --pictures 2 --shard 1/1")]
    public void EmbeddedNetworks_AreLoadedWhereTheyAreAsked(string line)
    {
        using var scope = NewDisposeScope();
        Done($"{line.Replace("PICTURE", files.Picture, StringComparison.Ordinal)} --weights {files.Weights}", model: null);
    }

    [Fact]
    public void SomethingForgotten_IsFound()
    {
        using var scope = NewDisposeScope();
        FaceModel model = TinyMorphModel.Load(null);
        FaceModel forgetful = model with
        {
            Attack = model.Attack with { Embed = x => model.Attack.Embed(x) * ones(1) },
        };
        using var meta = new MetaDevice();
        Assert.NotEqual(0, Run("morph --steps 3 --encode-steps 4 --iterations 2", forgetful, "out").ExitCode);
    }

    [Theory]
    [InlineData("sample --model MODEL --schedule vp-linear --prediction data --condition COND --shape 3,8,8 --steps 3")]
    [InlineData("gradient --model MODEL --schedule vp-linear --prediction data --condition COND --shape 3,8,8 --steps 3 --loss sum")]
    public void Denoisers_AreLoadedWhereTheyAreAsked(string line)
    {
        using var scope = NewDisposeScope();
        Done(
            line.Replace("MODEL", Tool.Model, StringComparison.Ordinal).Replace("COND", Tool.Condition, StringComparison.Ordinal)
                + " --batch 2",
            model: null);
    }

    private void Done(string line, FaceModel? model)
    {
        using (var meta = new MetaDevice())
        {
            ToolRun run = Run(line, model, "out");
            Assert.True(run.ExitCode == 0, run.Error);
        }

        Assert.NotEmpty(Directory.GetFiles(folder.PathTo("out"), "*.json"));
    }

    private ToolRun Run(string line, FaceModel? model, string output) => Tool.Run(
        [.. line.Split(' '), "--threads", "1", "--output", folder.PathTo(output)],
        morphModel: model is null ? null : _ => model);
}
