using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests.Libraries;

/// <summary>In this process; what a program sees of it is in PackageConsumerTests.</summary>
public sealed class CpuLibrariesTests
{
    [Fact]
    public void Prepare_MakesConvolutionsAndTheirGradientsRight()
    {
        using var scope = NewDisposeScope();
        Assert.True(CpuLibraries.Prepare().ConvolutionsAreRight);

        // Channels that fill no block of 16, in and out.
        Tensor weight = StartNoise.Draw([12, 40, 3, 3], 1),
            x = StartNoise.Draw([2, 40, 32, 32], 2).requires_grad_(),
            y = StartNoise.Draw([2, 12, 32, 32], 3);
        Tensor exact = x.detach().to(ScalarType.Float64).requires_grad_();
        Tensor output = nn.functional.conv2d(x, weight, padding: [1, 1]),
            expected = nn.functional.conv2d(exact, weight.to(ScalarType.Float64), padding: [1, 1]);
        output.backward([y]);
        expected.backward([y.to(ScalarType.Float64)]);

        // Rounding of sums of a few hundred products in 32 bits.
        Near.Equal(expected, output.to(ScalarType.Float64), 1e-5);
        Near.Equal(exact.grad!, x.grad!.to(ScalarType.Float64), 1e-5);
    }

    [Fact]
    public void Prepare_SwitchesNnpackOff_AndFindsItSoAgain()
    {
        CpuLibrariesState first = CpuLibraries.Prepare();
        Assert.True(first is { SwitchesWereFound: true, NnpackIsOff: true, ConvolutionsAreRight: true });
        Assert.Equal(first, CpuLibraries.Prepare());
        Assert.Equal(first, CpuLibraries.Prepare(keepOneDnn: true));
    }

    [Fact]
    public void Prepare_OnManyThreads_FindsTheSame()
    {
        CpuLibrariesState expected = CpuLibraries.Prepare();
        CpuLibrariesState[] found = new CpuLibrariesState[4];
        Thread[] threads = [.. Enumerable.Range(0, found.Length).Select(i => new Thread(() => found[i] = CpuLibraries.Prepare()))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        Assert.All(found, state => Assert.Equal(expected, state));
    }

    [Fact]
    public void OneDnn_KeptWhereItIsWrong_IsOnAndSaidToBeWrong()
    {
        LibtorchSwitches switches = LibtorchSwitches.Find()!;
        bool before = switches.UsesOneDnn;
        try
        {
            switches.UseOneDnn(true);
            CpuLibrariesState kept = CpuLibraries.Prepare(keepOneDnn: true);
            Assert.False(kept.OneDnnIsOff);
            Assert.Equal(kept.ConvolutionsAreRight, !CpuLibraries.Prepare().OneDnnIsOff);
        }
        finally
        {
            switches.UseOneDnn(before);
        }
    }

    [Theory]
    [InlineData("no_such_library")]
    [InlineData("c10")]
    public void Switches_OfALibraryWithoutThem_AreNotFound(string library) => Assert.Null(LibtorchSwitches.Find(library));

    [Fact]
    public void TheConstantOfSigmoid_IsMappedIn_WithoutATensorLeftOrANumberDrawn()
    {
        using var state = random.get_rng_state();
        long before = Tensor.TotalCount;
        SigmoidConstant.MapIn(DeviceType.CPU);
        SigmoidConstant.MapIn(DeviceType.META);
        Assert.Equal(before, Tensor.TotalCount);
        using var after = random.get_rng_state();
        Assert.Equal(state.data<byte>().ToArray(), after.data<byte>().ToArray());
    }

    [Fact]
    public void TheConstantOfSigmoid_IsMappedIn_InEveryModeOfAutograd()
    {
        using (inference_mode())
        {
            SigmoidConstant.MapIn(DeviceType.CPU);
        }

        using (no_grad())
        {
            SigmoidConstant.MapIn(DeviceType.CPU);
        }

        using var scope = NewDisposeScope();
        Tensor x = StartNoise.Draw([4], 1).requires_grad_(), y = x.sigmoid();
        SigmoidConstant.MapIn(DeviceType.CPU);
        y.sum().backward();
        Near.Equal(y.detach() * (1 - y.detach()), x.grad!, 1e-6);
    }
}
