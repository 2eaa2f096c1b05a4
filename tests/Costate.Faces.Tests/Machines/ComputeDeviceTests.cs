using Costate.Faces.Machines;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Machines;

public sealed class ComputeDeviceTests
{
    [Fact]
    public void Processor_IsAlwaysThere() => Assert.Equal(CPU, ComputeDevice.Named("cpu"));

    [Theory]
    [InlineData("cuda", 0)]
    [InlineData("cuda:0", 0)]
    [InlineData("cuda:1", 1)]
    public void Cuda_IsOneOfThoseThatTorchHas(string name, int index) =>
        Assert.Equal(index, ComputeDevice.CudaNumber(name, count: 2, Nothing));

    [Theory]
    [InlineData("", 4, 0)]
    [InlineData("SLURM_LOCALID=3", 4, 3)]
    [InlineData("SLURM_LOCALID=3", 2, 1)]
    [InlineData("OMPI_COMM_WORLD_LOCAL_RANK=1 SLURM_LOCALID=1", 4, 1)]
    [InlineData("MPI_LOCALRANKID=2", 1, 0)]
    public void Auto_IsTheDeviceOfTheLocalRank(string variables, int count, int index) =>
        Assert.Equal(index, ComputeDevice.CudaNumber("cuda:auto", count, Environment(variables)));

    [Theory]
    [InlineData("SLURM_LOCALID=0 OMPI_COMM_WORLD_LOCAL_RANK=1", "the same of all of them")]
    [InlineData("SLURM_LOCALID=-1", "a whole number from 0 on")]
    public void Auto_OfNonsense_IsRefused(string variables, string text) => Assert.Contains(
        text,
        Assert.Throws<InputException>(() => ComputeDevice.CudaNumber("cuda:auto", 4, Environment(variables))).Message,
        StringComparison.Ordinal);

    // There is none here, whatever a launcher says.
    [Fact]
    public void Auto_WithoutDevices_IsRefused() => Assert.Contains(
        "the tool comes with torch for processors",
        Assert.Throws<InputException>(() => ComputeDevice.CudaNumber("cuda:auto", 0, Environment("SLURM_LOCALID=3"))).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("cuda:2", 2, "cpu, or cuda:0 to cuda:1")]
    [InlineData("cuda", 0, "the tool comes with torch for processors")]
    [InlineData("cuda:-1", 2, "cuda:N")]
    [InlineData("cuda:x", 2, "cuda:N")]
    [InlineData("cuda1", 2, "cuda:N")]
    [InlineData("tpu", 2, "cuda:N")]
    [InlineData("", 2, "cuda:N")]
    public void Others_AreRefused(string name, int count, string text)
    {
        InputException error = Assert.Throws<InputException>(() => ComputeDevice.CudaNumber(name, count, Nothing));
        Assert.Equal("device", error.ParamName);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    private static string? Nothing(string name) => null;

    private static Func<string, string?> Environment(string variables)
    {
        var all = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
        return name => all.GetValueOrDefault(name);
    }
}
