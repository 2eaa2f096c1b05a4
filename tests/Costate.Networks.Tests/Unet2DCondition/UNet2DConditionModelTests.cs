using System.Text;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class UNet2DConditionModelTests
{
    // Counts of diffusers' own networks.
    [Theory]
    [InlineData("sd15-unet", 4, 859_520_964, 686)]
    [InlineData("sd15-unet", 9, 859_535_364, 686)]
    [InlineData("sd15-unet", 8, 859_532_484, 686)]
    [InlineData("sd21-unet", 4, 865_910_724, 686)]
    [InlineData("sd21-unet", 9, 865_925_124, 686)]
    [InlineData("sd21-unet", 5, 865_913_604, 686)]
    [InlineData("sdxl-unet", 4, 2_567_463_684, 1680)]
    [InlineData("sdxl-unet", 9, 2_567_478_084, 1680)]
    [InlineData("sdxl-refiner-unet", 4, 2_259_526_660, 1220)]
    public void FullSize_HasTheParametersOfThePublicNetwork(string name, int channels, long parameters, int tensors)
    {
        using var scope = NewDisposeScope();
        UNet2DConditionConfig config = UNet2DConditionConfig.Read(Fixtures.PathTo("configs", $"{name}.json"));
        Assert.Empty(config.IgnoredOptions);
        using var meta = new MetaDevice();
        using var network = new UNet2DConditionModel(config with { InChannels = channels });
        Assert.Equal(tensors, network.named_parameters().Count());
        Assert.Equal(parameters, network.parameters().Sum(p => p.numel()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Vjps_MatchFiniteDifferences(bool withText)
    {
        using var scope = NewDisposeScope();
        UNet2DConditionConfig config = withText ? TinyUNet2DCondition.WithText : TinyUNet2DCondition.Plain;
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(config);
        Tensor[] inputs = TinyUNet2DCondition.Inputs()[..(withText ? 3 : 2)];
        Tensor cotangent = StartNoise.Draw([2, 4, 6, 5], 7, ScalarType.Float64);
        (_, Tensor[] products) = Vjp.Take(x => TinyUNet2DCondition.Call(network, x), cotangent, inputs);
        for (int i = 0; i < inputs.Length; i++)
        {
            Tensor direction = StartNoise.Draw(inputs[i].shape, 8, ScalarType.Float64);
            double expected = Near.DirectionalDerivative(
                () => TinyUNet2DCondition.Call(network, inputs), output => output * cotangent, inputs[i], direction);

            // A central difference of step 1e-5 in float64 is good to about 1e-10.
            Near.Equal(tensor(expected), (products[i] * direction).sum(), 1e-8);
        }
    }

    // Down to levels of one pixel, in channels that fill no block of a processor's.
    [Theory]
    [InlineData(8, 8)]
    [InlineData(5, 3)]
    public void GradientsIn32Bits_AreThoseIn64(int height, int width)
    {
        using var scope = NewDisposeScope();
        UNet2DConditionConfig config = TinyUNet2DCondition.Plain with
        {
            BlockOutChannels = [8, 8, 8, 8],
            DownBlockTypes = ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
            UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
            AttentionHeadDim = [2],
        };
        using UNet2DConditionModel exact = TinyUNet2DCondition.Network(config);
        using UNet2DConditionModel single = TinyUNet2DCondition.Network(config, ScalarType.Float32);
        Tensor[] inputs = TinyUNet2DCondition.Inputs(2, height, width)[..2];
        Tensor cotangent = StartNoise.Draw([2, 4, height, width], 7, ScalarType.Float64);
        (Tensor output, Tensor[] products) = Vjp.Take(x => TinyUNet2DCondition.Call(exact, x), cotangent, inputs);
        (Tensor singleOutput, Tensor[] singleProducts) = Vjp.Take(
            x => TinyUNet2DCondition.Call(single, x),
            cotangent.to(ScalarType.Float32),
            [.. inputs.Select(input => input.to(ScalarType.Float32))]);

        // Rounding of some 60 layers in 32 bits; wrong gradients of a level differ by more than 1e-4.
        Near.Equal(output, singleOutput.to(ScalarType.Float64), 2e-5);
        Near.Equal(products[0], singleProducts[0].to(ScalarType.Float64), 2e-5);
        Near.Equal(products[1], singleProducts[1].to(ScalarType.Float64), 2e-5);
    }

    // Where a side does not divide, each level comes back to that of the state kept there.
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 4)]
    [InlineData(3, 9)]
    public void AnySize_IsTaken(int height, int width)
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(TinyUNet2DCondition.Plain);
        Tensor output = TinyUNet2DCondition.Call(network, TinyUNet2DCondition.Inputs(1, height, width));
        Assert.Equal([1, 4, height, width], output.shape);
        Assert.True(output.isfinite().all().item<bool>());
    }

    [Fact]
    public void Item_DoesNotDependOnItsBatch()
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(TinyUNet2DCondition.WithText);
        Tensor[] inputs = TinyUNet2DCondition.Inputs(3);
        Tensor together = TinyUNet2DCondition.Call(network, inputs);
        inputs[0][1].fill_(double.NaN);
        Tensor beside = TinyUNet2DCondition.Call(network, inputs);
        foreach (int item in new[] { 0, 2 })
        {
            Tensor alone = network.forward(
                inputs[0][item..(item + 1)],
                TinyUNet2DCondition.Times(3)[item..(item + 1)],
                inputs[1][item..(item + 1)],
                inputs[2][item..(item + 1)],
                TinyUNet2DCondition.TimeIds(1));

            // Sums of float64 in another order.
            Near.Equal(together[item], alone[0], 1e-12);
            Near.Equal(together[item], beside[item], 1e-12);
        }
    }

    [Fact]
    public void Products_HaveSecondDerivatives()
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(TinyUNet2DCondition.Plain);
        network.Attention = AttentionKind.Products;
        Tensor[] inputs = TinyUNet2DCondition.Inputs(1, 4, 4);
        Tensor direction = StartNoise.Draw(inputs[1].shape, 9, ScalarType.Float64);
        Tensor Gradient(Tensor z)
        {
            Tensor output = TinyUNet2DCondition.Call(network, [inputs[0], z]);
            return Autograd.Gradients([output.square().sum()], [z], createGraph: true)[0];
        }

        Tensor at = inputs[1].clone().requires_grad_(true);
        Tensor product = Autograd.Gradients([(Gradient(at) * direction).sum()], [at])[0];

        const double Step = 1e-5;
        Tensor Shifted(double step) => Gradient((inputs[1] + (step * direction)).requires_grad_(true)).detach();
        Tensor difference = (Shifted(Step) - Shifted(-Step)) / (2 * Step);

        // The same difference, of a gradient.
        Near.Equal(difference, product, 1e-7);
    }

    [Fact]
    public void SamplerGradients_DiscreteEqualsUnrolled()
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(TinyUNet2DCondition.Plain);
        var sampler = new Sampler(network.ToDenoiser(), NoiseSchedule.VpLinear(), Solver.DpmSolverPlusPlus(2), TimeGrid.Uniform(3));
        Tensor[] inputs = TinyUNet2DCondition.Inputs();
        SampleGradient Gradient(GradientMethod method) => sampler.Gradient(inputs[0], inputs[1], x => x.square().sum([1, 2, 3]), method);
        SampleGradient unrolled = Gradient(GradientMethod.Unrolled());
        network.GradientCheckpointing = true;
        foreach (SampleGradient other in new[] { Gradient(GradientMethod.Discrete()), Gradient(GradientMethod.Unrolled()) })
        {
            // Sums of float64 in another order.
            Near.Equal(unrolled.StartNoise, other.StartNoise, 1e-12);
            Near.Equal(unrolled.Condition!, other.Condition!, 1e-12);
        }
    }

    [Fact]
    public void UpcastAttention_KeepsLargeScoresFinite()
    {
        using var scope = NewDisposeScope();
        Tensor[] inputs = TinyUNet2DCondition.Inputs(dtype: ScalarType.Float16);
        foreach (AttentionKind kind in Enum.GetValues<AttentionKind>())
        {
            UNet2DConditionConfig config = TinyUNet2DCondition.Plain with { UpcastAttention = true };
            using UNet2DConditionModel network = TinyUNet2DCondition.Network(config, ScalarType.Float16);
            network.Attention = kind;
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in network.named_parameters())
            {
                if (name.EndsWith("to_q.weight", StringComparison.Ordinal) || name.EndsWith("to_k.weight", StringComparison.Ordinal))
                {
                    using IDisposable noGraph = no_grad();
                    parameter.mul_(1000);
                }
            }

            Assert.True(TinyUNet2DCondition.Call(network, inputs).isfinite().all().item<bool>());
        }
    }

    [Fact]
    public void LinearProjection_IsTheConvolutionOfTheSameWeights()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using UNet2DConditionModel convolutions = TinyUNet2DCondition.Network(TinyUNet2DCondition.Plain, ScalarType.Float32);
        SafetensorsFile.Write(folder.PathTo("diffusion_pytorch_model.safetensors"), convolutions.state_dict());
        File.WriteAllText(folder.PathTo("config.json"), """
            {
              "block_out_channels": [8, 16], "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
              "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"], "layers_per_block": 1, "norm_num_groups": 4,
              "cross_attention_dim": 12, "attention_head_dim": [2, 4], "use_linear_projection": true
            }
            """);
        using UNet2DConditionModel linear = UNet2DConditionModel.FromPretrained(folder.FullName);
        Assert.Equal(2, linear.get_parameter("mid_block.attentions.0.proj_in.weight")!.dim());
        Tensor[] inputs = TinyUNet2DCondition.Inputs(dtype: ScalarType.Float32);

        // The same products in another order, in float32.
        Near.Equal(TinyUNet2DCondition.Call(convolutions, inputs), TinyUNet2DCondition.Call(linear, inputs), 1e-5);
    }

    [Fact]
    public void Inputs_AreCheckedBeforeNativeCode()
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel plain = TinyUNet2DCondition.Network(TinyUNet2DCondition.Plain, ScalarType.Float32);
        using UNet2DConditionModel text = TinyUNet2DCondition.Network(TinyUNet2DCondition.WithText, ScalarType.Float32);
        Tensor x = zeros(2, 4, 4, 4), t = zeros(2), z = zeros(2, 3, 12), pooled = zeros(2, 10), ids = zeros(2, 6);
        Refuses("sample", "[2, 3, 4, 4]", () => plain.call(zeros(2, 3, 4, 4), t, z));
        Refuses("sample", "[4, 4, 4]", () => plain.call(zeros(4, 4, 4), t, z));
        Refuses("sample", "Float64", () => plain.call(x.to(ScalarType.Float64), t, z));
        Refuses("timestep", "[3]", () => plain.call(x, zeros(3), z));
        Refuses("encoderHiddenStates", "[2, 3, 11]", () => plain.call(x, t, zeros(2, 3, 11)));
        Refuses("encoderHiddenStates", "[1, 3, 12]", () => plain.call(x, t, zeros(1, 3, 12)));
        Refuses("textEmbeds", "null", () => plain.forward(x, t, z, pooled, null));
        Refuses("textEmbeds", "null", () => text.call(x, t, z));
        Refuses("timeIds", "null", () => text.forward(x, t, z, pooled, null));
        Refuses("textEmbeds", "beside 5 time ids", () => text.forward(x, t, z, pooled, zeros(2, 5)));
        Refuses("timeIds", "[1, 6]", () => text.forward(x, t, z, pooled, ids[..1]));
        Assert.Throws<ArgumentNullException>(() => plain.call(x, t, null!));
        Assert.Throws<InvalidOperationException>(() => text.ToDenoiser());

        static void Refuses(string parameter, string text, Func<Tensor> call)
        {
            InputException e = Assert.Throws<InputException>(() => { call(); });
            Assert.Equal(parameter, e.ParamName);
            Assert.Contains(text, e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("down_block_types", """["SkipDownBlock2D"]""")]
    [InlineData("down_block_types", """["SimpleCrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"]""")]
    [InlineData("mid_block_type", "\"UNetMidBlock2DSimpleCrossAttn\"")]
    [InlineData("addition_embed_type", "\"image\"")]
    [InlineData("class_embed_type", "\"projection\"")]
    [InlineData("num_class_embeds", "1000")]
    [InlineData("encoder_hid_dim_type", "\"image_proj\"")]
    [InlineData("num_attention_heads", "8")]
    [InlineData("dual_cross_attention", "true")]
    [InlineData("time_cond_proj_dim", "256")]
    [InlineData("time_embedding_type", "\"fourier\"")]
    [InlineData("conv_in_kernel", "1")]
    [InlineData("resnet_out_scale_factor", "0.5")]
    [InlineData("attention_type", "\"gated\"")]
    [InlineData("cross_attention_norm", "\"layer_norm\"")]
    [InlineData("resnet_time_scale_shift", "\"spatial\"")]
    [InlineData("cross_attention_dim", "[1280, 1280, 768, 768]")]
    [InlineData("downsample_padding", "2")]
    [InlineData("attention_head_dim", "7")]
    [InlineData("attention_head_dim", "[8, 8]")]
    [InlineData("layers_per_block", "0")]
    [InlineData("transformer_layers_per_block", "[[1, 2]]")]
    [InlineData("only_cross_attention", "[true, false]")]
    [InlineData("upcast_attention", "1")]
    [InlineData("_class_name", "\"UNet2DModel\"")]
    public void UnsupportedValue_IsNamed(string option, string value)
    {
        Exception e = Assert.ThrowsAny<Exception>(() => Build($$"""{"{{option}}": {{value}}}"""));
        Assert.True(e is NotSupportedException or ArgumentException or InvalidDataException, e.ToString());
        Assert.Contains(option == "_class_name" ? "UNet2DModel" : option, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TextTime_NeedsItsWidths()
    {
        string message = Assert.Throws<ArgumentException>(() => Build("""{"addition_embed_type": "text_time"}""")).Message;
        Assert.Contains("addition_time_embed_dim", message, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownOptions_AreListed()
    {
        UNet2DConditionConfig config = Parse(
            """{"_note": 1, "decay": 0.999, "new_thing": "x", "other": false, "dropout": 0.0, "conv_in_kernel": 3}""");
        Assert.Equal(["new_thing"], config.IgnoredOptions);
        Assert.Equal([8], config.AttentionHeadDim);
        Assert.Equal([1280], config.CrossAttentionDim);
    }

    private static UNet2DConditionConfig Parse(string json) =>
        UNet2DConditionConfig.From(JsonOptions.Parse("config.json", Encoding.UTF8.GetBytes(json)));

    private static void Build(string json)
    {
        UNet2DConditionConfig config = Parse(json);
        using var scope = NewDisposeScope();
        using var meta = new MetaDevice();
        using var network = new UNet2DConditionModel(config);
    }
}
