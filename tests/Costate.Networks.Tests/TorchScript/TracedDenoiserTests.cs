using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class TracedDenoiserTests
{
    // The network has convolutions of three channels.
    public TracedDenoiserTests() => Assert.True(CpuLibraries.Prepare().ConvolutionsAreRight);

    [Fact]
    public void OutputAndProducts_MatchTheTracer()
    {
        using DisposeScope scope = NewDisposeScope();
        using SafetensorsFile expected = SafetensorsFile.Open(Goldens.PathTo("torchscript", "expected.safetensors"));
        Denoiser denoiser = Denoiser.FromTorchScript(Goldens.PathTo("torchscript", "denoiser.ts.pt"), Prediction.Noise);
        Tensor t = expected.Read("input.t");
        for (int item = 0; item < 2; item++)
        {
            // The file has a time for each item; a sampler tells the whole batch one.
            Tensor Row(string name) => expected.Read(name).narrow(0, item, 1);
            using VectorJacobianProduct product = VectorJacobianProduct.Begin(
                (x, z) => denoiser.Call(x, t[item].item<float>(), z), Row("input.x"), Row("input.z"));
            (Tensor x, Tensor? z) = product.Pull(Row("cotangent"));

            // 32 bits: 1e-5 relative to the largest entry.
            AssertNear(Row("output"), product.Output);
            AssertNear(Row("vjp.x"), x);
            AssertNear(Row("vjp.z"), z!);
        }
    }

    private static void AssertNear(Tensor expected, Tensor actual)
    {
        double distance = ((expected - actual.detach()).abs().max() / expected.abs().max()).item<float>();
        Assert.True(distance <= 1e-5, $"{distance:E2}");
    }
}
