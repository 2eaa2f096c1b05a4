using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class TracedDenoiserGoldenTests
{
    // The network has convolutions of three channels.
    public TracedDenoiserGoldenTests() => Assert.True(CpuLibraries.Prepare().ConvolutionsAreRight);

    public static TheoryData<string> Files => [.. Directory.GetFiles(Goldens.PathTo(), "*.ts.pt", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Goldens.PathTo(), path))
        .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void OutputAndProducts_MatchTheTracer(string file)
    {
        using DisposeScope scope = NewDisposeScope();
        using SafetensorsFile expected = SafetensorsFile.Open(
            Path.Combine(Path.GetDirectoryName(Goldens.PathTo(file))!, "expected.safetensors"));
        Denoiser denoiser = Denoiser.FromTorchScript(Goldens.PathTo(file), Prediction.Noise);
        Tensor t = expected.Read("input.t");
        for (int item = 0; item < t.shape[0]; item++)
        {
            // The file has a time for each item; a sampler tells the whole batch one.
            Tensor Row(string name) => expected.Read(name).narrow(0, item, 1);
            using VectorJacobianProduct product = VectorJacobianProduct.Begin(
                (x, z) => denoiser.Call(x, t[item].item<float>(), z), Row("input.x"), Row("input.z"));
            (Tensor? x, Tensor?[] z) = product.Reach(Row("cotangent"));

            // 32 bits: 1e-5 relative to the largest entry.
            AssertNear(Row("output"), product.Output);
            AssertNear(Row("vjp.x"), x!);
            AssertNear(Row("vjp.z"), z[0]!);
        }
    }

    private static void AssertNear(Tensor expected, Tensor actual)
    {
        double distance = ((expected - actual.detach()).abs().max() / expected.abs().max()).item<float>();
        Assert.True(distance <= 1e-5, $"{distance:E2}");
    }
}
