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
    public void Cuda_IsOneOfThoseThatTorchHas(string name, int index) => Assert.Equal(index, ComputeDevice.CudaNumber(name, count: 2));

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
        InputException error = Assert.Throws<InputException>(() => ComputeDevice.CudaNumber(name, count));
        Assert.Equal("device", error.ParamName);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }
}
