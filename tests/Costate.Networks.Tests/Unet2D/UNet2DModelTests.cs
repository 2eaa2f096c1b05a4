using System.Text.Json.Nodes;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class UNet2DModelTests
{
    // Two float32 implementations of some 30 layers; they differ by the order of their sums. Asked for is 1e-4.
    private const double Float32Tolerance = 5e-6;

    [Fact]
    public void Vjp_MatchesAFiniteDifference()
    {
        using var scope = NewDisposeScope();
        using UNet2DModel network = UNet2DModel.FromPretrained(Folder("unet2d-ddpm"), dtype: ScalarType.Float64);
        Tensor x = StartNoise.Draw([2, 3, 8, 8], 1, ScalarType.Float64);
        Tensor direction = StartNoise.Draw([2, 3, 8, 8], 2, ScalarType.Float64);
        Tensor cotangent = StartNoise.Draw([2, 3, 8, 8], 3, ScalarType.Float64);
        Tensor t = tensor([3.0, 700.5]);

        (_, Tensor[] products) = Vjp.Take(input => network.call(input[0], t), cotangent, x);

        const double Step = 1e-5;
        Tensor difference = (network.call(x + (Step * direction), t) - network.call(x - (Step * direction), t)) / (2 * Step);
        // A central difference of step 1e-5 in float64 is good to about 1e-10.
        Near.Equal((difference * cotangent).sum(), (products[0] * direction).sum(), 1e-8);
    }

    [Fact]
    public void Weights_TakeGradientsWhenTrainable()
    {
        using var scope = NewDisposeScope();
        using UNet2DModel frozen = Pretrained("unet2d-ddpm");
        Assert.DoesNotContain(frozen.parameters(), p => p.requires_grad);
        Assert.False(frozen.training);
        using UNet2DModel trainable = UNet2DModel.FromPretrained(Folder("unet2d-ddpm"), trainable: true);
        Backward(trainable);
        Assert.All(
            trainable.named_parameters(),
            p => Assert.True(p.parameter.grad is { } grad && grad.abs().sum().item<float>() > 0, p.name));

        static void Backward(UNet2DModel network)
        {
            IReadOnlyDictionary<string, Tensor> expected = Expected("unet2d-ddpm");
            network.call(expected["input.sample"], expected["input.timestep"]).square().sum().backward();
        }
    }

    [Fact]
    public void SamplerGradients_DiscreteEqualsUnrolled()
    {
        using var scope = NewDisposeScope();
        using UNet2DModel network = UNet2DModel.FromPretrained(Folder("unet2d-ddpm"), trainable: true);
        Denoiser denoiser = Denoiser.FromModule(network, Prediction.Noise, trainingTimesteps: 1000);
        Compare(denoiser, StartNoise.Draw([2, 3, 16, 16], 4), null);
    }

    [Fact]
    public void SamplerGradients_OfAClassConditionalNetwork()
    {
        using var scope = NewDisposeScope();
        using UNet2DModel network = Pretrained("unet2d-class");
        Compare(network.ToDenoiser(), StartNoise.Draw([2, 1, 16, 16], 4), tensor(new long[] { 3, 7 }));
    }

    [Fact]
    public void IdentityLabels_AreEmbeddingsWithAGradient()
    {
        using var scope = NewDisposeScope();
        using UNet2DModel table = Pretrained("unet2d-class");
        using var folder = new ModelFolder("diffusion_pytorch_model.safetensors", "networks", "unet2d-class");
        Tensor rows = zeros(0);
        folder.Set("class_embed_type", "identity").Change(tensors =>
        {
            rows = tensors["class_embedding.weight"].MoveToOuterDisposeScope();
            tensors.Remove("class_embedding.weight");
        });
        using UNet2DModel identity = UNet2DModel.FromPretrained(folder.Path);
        Tensor x = StartNoise.Draw([2, 1, 16, 16], 4);
        Tensor t = tensor([10f, 900f]);
        Tensor labels = tensor(new long[] { 3, 7 });

        (Tensor output, Tensor[] products) = Vjp.Take(z => identity.forward(x, t, z[0]), ones_like(x), rows[labels]);

        Near.Equal(table.forward(x, t, labels), output, 1e-6);
        Assert.True(products[0].norm().item<float>() > 0);
    }

    [Fact]
    public void TimestepLabels_AreEmbeddedLikeTimes()
    {
        using var scope = NewDisposeScope();
        using var folder = new ModelFolder("diffusion_pytorch_model.safetensors", "networks", "unet2d-class");
        folder.Set("class_embed_type", "timestep").Change(tensors =>
        {
            tensors.Remove("class_embedding.weight");
            foreach (string name in tensors.Keys.Where(name => name.StartsWith("time_embedding.", StringComparison.Ordinal)).ToArray())
            {
                tensors.Add(name.Replace("time_", "class_", StringComparison.Ordinal), tensors[name]);
            }
        });
        using UNet2DModel network = UNet2DModel.FromPretrained(folder.Path);
        Tensor x = StartNoise.Draw([1, 1, 16, 16], 4);
        // Embedded alike, so a time and a label may change places.
        Near.Equal(network.forward(x, tensor([3f]), tensor([800f])), network.forward(x, tensor([800f]), tensor([3f])), 1e-6);
    }

    [Fact]
    public void CenterInputSample_CentresTheInput()
    {
        using var scope = NewDisposeScope();
        using var folder = new ModelFolder("diffusion_pytorch_model.safetensors", "networks", "unet2d-ddpm");
        using UNet2DModel plain = Pretrained("unet2d-ddpm");
        using UNet2DModel centred = UNet2DModel.FromPretrained(folder.Set("center_input_sample", true).Path);
        Tensor x = StartNoise.Draw([1, 3, 16, 16], 4);
        Tensor t = tensor([10f]);
        Near.Equal(plain.call((2 * x) - 1, t), centred.call(x, t), 1e-6);
    }

    [Fact]
    public void FourierTime_IsFixedAndDividesThePrediction()
    {
        using var scope = NewDisposeScope();
        var config = new UNet2DConfig
        {
            BlockOutChannels = [8],
            DownBlockTypes = ["DownBlock2D"],
            UpBlockTypes = ["UpBlock2D"],
            MidBlockType = null,
            NormNumGroups = 4,
            LayersPerBlock = 1,
            TimeEmbeddingType = "fourier",
        };
        using var network = new UNet2DModel(config);
        Assert.False(network.get_parameter("time_proj.weight")!.requires_grad);
        Assert.Equal([32, 16], network.get_parameter("time_embedding.linear_1.weight")!.shape);
        network.get_parameter("time_embedding.linear_1.weight")!.requires_grad = false;
        network.get_parameter("time_embedding.linear_1.weight")!.zero_();
        Tensor x = StartNoise.Draw([1, 3, 4, 4], 4);
        // With the time embedding cut off, the level acts through the division alone.
        Near.Equal(network.call(x, tensor([2f])), network.call(x, tensor([4f])) * 2, 1e-6);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void Network_OutlivesTheScopeItWasMadeIn(ScalarType dtype)
    {
        UNet2DModel network;
        using (NewDisposeScope())
        {
            network = UNet2DModel.FromPretrained(Folder("unet2d-class"), dtype: dtype);
        }

        using (network)
        {
            Assert.All(network.parameters(), parameter => Assert.False(parameter.IsInvalid));
        }
    }

    [Fact]
    public void NewNetwork_IsFinite()
    {
        using var scope = NewDisposeScope();
        using var network = new UNet2DModel(new UNet2DConfig { BlockOutChannels = [32, 32, 32, 64], NormNumGroups = 16 });
        Assert.True(network.training);
        Tensor output = network.call(StartNoise.Draw([1, 3, 8, 16], 4), tensor([500f]));
        Assert.Equal([1, 3, 8, 16], output.shape);
        Assert.True(output.isfinite().all().item<bool>());
        Assert.Equal(1, network.get_parameter("conv_norm_out.weight")!.min().item<float>());
    }

    // The reference values must be able to tell a wrong option from the right one.
    [Theory]
    [InlineData("unet2d-ddpm", "freq_shift", "0")]
    [InlineData("unet2d-ddpm", "flip_sin_to_cos", "true")]
    [InlineData("unet2d-ddpm", "downsample_padding", "1")]
    [InlineData("unet2d-ddpm", "attention_head_dim", "8")]
    [InlineData("unet2d-ddpm", "mid_block_scale_factor", "1.4")]
    [InlineData("unet2d-ddpm", "norm_num_groups", "16")]
    [InlineData("unet2d-ddpm", "attn_norm_num_groups", "16")]
    [InlineData("unet2d-ddpm", "norm_eps", "0.01")]
    [InlineData("unet2d-ddpm", "act_fn", "\"relu\"")]
    [InlineData("unet2d-class", "act_fn", "\"gelu\"")]
    [InlineData("unet2d-class", "act_fn", "\"mish\"")]
    [InlineData("unet2d-class", "freq_shift", "1")]
    public void Output_DependsOnTheOption(string name, string option, string value)
    {
        using var scope = NewDisposeScope();
        using ModelFolder folder = new ModelFolder("diffusion_pytorch_model.safetensors", "networks", name).Set(
            option,
            JsonNode.Parse(value));
        using UNet2DModel network = UNet2DModel.FromPretrained(folder.Path);
        IReadOnlyDictionary<string, Tensor> expected = Expected(name);

        Tensor output = network.forward(
            expected["input.sample"],
            expected["input.timestep"],
            expected.GetValueOrDefault("input.class_labels"));

        Assert.True(Near.Relative(expected["output"], output) > 100 * Float32Tolerance);
        (Tensor withGraph, _) = Vjp.Take(
            x => network.forward(x[0], expected["input.timestep"], expected.GetValueOrDefault("input.class_labels")),
            expected["cotangent"],
            expected["input.sample"]);
        Near.Equal(output, withGraph, 1e-6);
    }

    [Fact]
    public void BFloat16_IsCloseToFloat32()
    {
        using var scope = NewDisposeScope();
        using UNet2DModel network = UNet2DModel.FromPretrained(Folder("unet2d-ddpm"), dtype: ScalarType.BFloat16);
        IReadOnlyDictionary<string, Tensor> expected = Expected("unet2d-ddpm");
        Tensor output = network.call(expected["input.sample"].bfloat16(), expected["input.timestep"]);
        Assert.Equal(ScalarType.BFloat16, output.dtype);
        // Eight bits a number, some 30 layers.
        Near.Equal(expected["output"], output.to(ScalarType.Float32), 3e-2);
    }

    [Fact]
    public void Dropout_ActsInTrainingOnly()
    {
        using var scope = NewDisposeScope();
        using var folder = new ModelFolder("diffusion_pytorch_model.safetensors", "networks", "unet2d-ddpm");
        using UNet2DModel network = UNet2DModel.FromPretrained(folder.Set("dropout", 0.5).Path);
        IReadOnlyDictionary<string, Tensor> expected = Expected("unet2d-ddpm");
        Near.Equal(expected["output"], network.call(expected["input.sample"], expected["input.timestep"]), Float32Tolerance);
        network.train();
        Assert.True(Near.Relative(expected["output"], network.call(expected["input.sample"], expected["input.timestep"])) > 1e-2);
    }

    private static void Compare(Denoiser denoiser, Tensor start, Tensor? z)
    {
        var sampler = new Sampler(denoiser, NoiseSchedule.VpLinear(), Solver.DpmSolverPlusPlus(2), TimeGrid.Uniform(4));
        static Tensor Loss(Tensor x) => x.square().sum([1, 2, 3]);
        SampleGradient unrolled = sampler.Gradient(start, z, Loss, GradientMethod.Unrolled());
        SampleGradient discrete = sampler.Gradient(start, z, Loss, GradientMethod.Discrete());
        // The same products summed in another order, in float32. Asked for is 1e-4.
        Near.Equal(unrolled.StartNoise, discrete.StartNoise, 1e-5);
        Assert.Equal(denoiser.Parameters.Count, discrete.Parameters.Count);
        if (discrete.Parameters.Count > 0)
        {
            // All together: some, such as the biases of attention's keys, have no gradient but rounding errors.
            Near.Equal(Joined(unrolled.Parameters), Joined(discrete.Parameters), 1e-5);
        }

        static Tensor Joined(IEnumerable<Tensor> tensors) => cat([.. tensors.Select(tensor => tensor.flatten())]);
    }

    private static string Folder(string name) => Fixtures.PathTo("networks", name);

    private static UNet2DModel Pretrained(string name) => UNet2DModel.FromPretrained(Folder(name));

    private static IReadOnlyDictionary<string, Tensor> Expected(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixtures.PathTo("networks", name, "expected.safetensors"));
        return file.ReadAll();
    }
}
