using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class LinearOperatorTests
{
    private static readonly Dictionary<string, Func<LinearOperator>> All = new()
    {
        ["identity"] = LinearOperator.Identity,
        ["box"] = () => LinearOperator.BoxInpainting(2, 3, 5, 4),
        ["random"] = () => LinearOperator.RandomInpainting(0.7, 4),
        ["mask"] = () => LinearOperator.Masked(StartNoise.Draw([16, 12], 9, ScalarType.Float64)),
        ["pooling"] = () => LinearOperator.AveragePooling(4),
        ["bicubic"] = () => LinearOperator.BicubicReduction(4),
        ["gaussian"] = () => LinearOperator.GaussianBlur(3, 61),
        ["periodic"] = () => LinearOperator.MotionBlur(9, 0.5, 2, periodic: true),
        ["motion"] = () => LinearOperator.MotionBlur(9, 0.5, 2),
    };

    public static TheoryData<string> Names => [.. All.Keys];

    public static TheoryData<string, int, ScalarType> NamesChannelsAndDtypes
    {
        get
        {
            var data = new TheoryData<string, int, ScalarType>();
            foreach (string name in All.Keys)
            {
                foreach (int channels in new[] { 1, 3 })
                {
                    data.Add(name, channels, ScalarType.Float32);
                    data.Add(name, channels, ScalarType.Float64);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(NamesChannelsAndDtypes))]
    public void Transpose_IsTheTranspose(string name, int channels, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        LinearOperator a = name == "mask" ? LinearOperator.Masked(StartNoise.Draw([64, 48], 9, ScalarType.Float64)) : All[name]();

        // More than the 20480 values up to which torch leaves an image to no library, as well as less.
        foreach (int batch in new[] { 2, 8 })
        {
            Tensor x = StartNoise.Draw([batch, channels, 64, 48], 1, dtype);
            Tensor image = a.Apply(x);
            Tensor y = StartNoise.Draw(image.shape, 2, dtype);
            Tensor left = (image * y).to(ScalarType.Float64).sum([1L, 2, 3]);
            Tensor right = (x * a.Transpose(y)).to(ScalarType.Float64).sum([1L, 2, 3]);

            // Sums of at most 9216 products near 1, each of a sum of up to a few hundred.
            Assert.InRange((left - right).abs().max().item<double>(), 0, dtype == ScalarType.Float64 ? 1e-10 : 1e-3);

            // The gradient through the operator is its transpose too, and both are those of 64 bits.
            Tensor leaf = x.detach().requires_grad_(true);
            a.Apply(leaf).backward([y]);
            Near.Equal(a.Transpose(y), leaf.grad!, dtype == ScalarType.Float64 ? 1e-13 : 1e-5);
            Near.Equal(a.Apply(x.to(ScalarType.Float64)), image.to(ScalarType.Float64), 1e-5);
        }
    }

    [Fact]
    public void MotionBlur_IsTheConvolution_InAnyDtype()
    {
        using var scope = NewDisposeScope();
        Tensor point = zeros(1, 1, 25, 25, ScalarType.Float64);
        point[0, 0, 12, 12] = 1;

        // What a point becomes is the kernel, turned over.
        LinearOperator blur = LinearOperator.MotionBlur(9, 0.5, 2);
        Tensor kernel = blur.Apply(point).slice(2, 8, 17, 1).slice(3, 8, 17, 1).flip(2, 3).expand(2, 1, 9, 9);
        Tensor expected = nn.functional.conv2d(nn.functional.pad(Image(3), (4, 4, 4, 4), PaddingModes.Reflect), kernel, groups: 2);
        Near.Equal(expected, blur.Apply(Image(3)), 1e-14);
        Near.Equal(expected, blur.Apply(Image(3).to(ScalarType.Float32)).to(ScalarType.Float64), 1e-6);

        // One rounding of the image and one of the result, none of the sums.
        Near.Equal(expected, blur.Apply(Image(3).to(ScalarType.Float16)).to(ScalarType.Float64), 1e-3);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Apply_IsLinearAndPerItem(string name)
    {
        using var scope = NewDisposeScope();
        LinearOperator a = All[name]();
        (Tensor x, Tensor y) = (Image(1), Image(2));
        Near.Equal((2 * a.Apply(x)) - a.Apply(y), a.Apply((2 * x) - y), 1e-14);
        Near.Equal(a.Apply(x)[1].unsqueeze(0), a.Apply(x[1].unsqueeze(0)), 1e-14);
    }

    [Theory]
    [InlineData("pooling")]
    [InlineData("bicubic")]
    [InlineData("gaussian")]
    [InlineData("motion")]
    public void Filters_KeepAConstant(string name)
    {
        using var scope = NewDisposeScope();
        Tensor constant = full([1, 2, 16, 12], 0.3, ScalarType.Float64);
        Assert.InRange((All[name]().Apply(constant) - 0.3).abs().max().item<double>(), 0, 1e-14);
    }

    [Fact]
    public void Bicubic_KeepsALinearRampInside()
    {
        using var scope = NewDisposeScope();
        Tensor ramp = arange(0, 64, 1, ScalarType.Float64).expand(1, 1, 64, 64);
        Tensor small = LinearOperator.BicubicReduction(4).Apply(ramp)[0, 0, 8];

        // Pixel i of the small image is centred at 4 i + 1.5; the ends see the mirrored edge.
        Tensor expected = (arange(0, 16, 1, ScalarType.Float64) * 4) + 1.5;
        Assert.InRange((small - expected).slice(0, 2, 14, 1).abs().max().item<double>(), 0, 1e-12);
    }

    [Fact]
    public void Gaussian_IsTheConvolution()
    {
        using var scope = NewDisposeScope();
        Tensor x = Image(3);
        Tensor at = arange(-2, 3, 1, ScalarType.Float64);
        Tensor row = (at.square() / (-2 * 1.3 * 1.3)).exp();
        row /= row.sum();
        Tensor kernel = outer(row, row).reshape(1, 1, 5, 5).expand(2, 1, 5, 5);
        Tensor expected = nn.functional.conv2d(nn.functional.pad(x, (2, 2, 2, 2), PaddingModes.Reflect), kernel, groups: 2);
        Near.Equal(expected, LinearOperator.GaussianBlur(1.3, 5).Apply(x), 1e-14);
    }

    [Fact]
    public void RandomInpainting_HidesTheFractionInAllChannels()
    {
        using var scope = NewDisposeScope();
        Tensor mask = LinearOperator.RandomInpainting(0.7, 4).Apply(ones(1, 3, 20, 10));
        Assert.Equal(60, mask[0, 0].sum().item<float>());
        Assert.True(mask[0, 0].Equals(mask[0, 2]));
        Assert.False(mask[0, 0].Equals(LinearOperator.RandomInpainting(0.7, 5).Apply(ones(1, 1, 20, 10))[0, 0]));
    }

    [Fact]
    public void MotionKernel_IsAPathOfUnitSum()
    {
        using var scope = NewDisposeScope();
        Tensor point = zeros(1, 1, 41, 41, ScalarType.Float64);
        point[0, 0, 20, 20] = 1;
        Tensor straight = LinearOperator.MotionBlur(21, 0, 3).Apply(point);
        Tensor crooked = LinearOperator.MotionBlur(21, 1, 3).Apply(point);
        Assert.Equal(1, straight.sum().item<double>(), 1e-12);
        Assert.Equal(1, crooked.sum().item<double>(), 1e-12);
        Assert.True(straight.count_nonzero().item<long>() > 20);
        Assert.False(straight.allclose(crooked));
    }

    [Fact]
    public void Observe_AddsNoiseOnlyWhereSomethingIsSeen()
    {
        using var scope = NewDisposeScope();
        Tensor x = Image(5);
        Measurement box = Measurement.Observe(LinearOperator.BoxInpainting(2, 3, 5, 4), x, 0.05, seed: 3);
        Assert.Equal(0, box.Observation.slice(2, 2, 7, 1).slice(3, 3, 7, 1).abs().max().item<double>());
        Tensor noise = Measurement.Observe(LinearOperator.Identity(), x, 0.05, seed: 3).Observation - x;
        Assert.InRange(noise.square().mean().sqrt().item<double>(), 0.04, 0.06);
        Tensor alone = Measurement.Observe(LinearOperator.Identity(), x[0].unsqueeze(0), 0.05, seed: 3).Observation;
        Assert.Equal(0, (alone[0] - x[0] - noise[0]).abs().max().item<double>(), 1e-15);
    }

    [Fact]
    public void Losses_ArePerItem()
    {
        using var scope = NewDisposeScope();
        Measurement seen = Measurement.Observe(LinearOperator.AveragePooling(4), Image(6));
        Tensor x = Image(7);
        Tensor residual = seen.Observation - seen.Operator.Apply(x);
        Near.Equal(residual.square().sum([1L, 2, 3]), seen.SquaredNorm(x), 1e-14);
        Near.Equal(residual.square().sum([1L, 2, 3]).sqrt(), seen.Norm(x), 1e-14);
        Func<Tensor, Tensor> sum = GuidanceLoss.WeightedSum((2, seen.Norm), (-0.5, seen.SquaredNorm));
        Near.Equal((2 * seen.Norm(x)) - (0.5 * seen.SquaredNorm(x)), sum(x), 1e-14);

        // The norm has no derivative at 0; a NaN there would end a run that has reached its aim.
        Tensor exact = Image(6);
        (_, Tensor gradient) = LossFunction.Evaluate(seen.Norm, exact);
        Assert.Equal(0, gradient.abs().max().item<double>());
    }

    [Fact]
    public void ClassifierAndIdentity_AreTheirFormulas_AndPerItem()
    {
        using var scope = NewDisposeScope();
        Tensor weights = StartNoise.Draw([5, 4], 8, ScalarType.Float64);
        Tensor x = StartNoise.Draw([3, 5], 9, ScalarType.Float64);
        Tensor Project(Tensor at) => at.mm(weights);
        Tensor exponentials = Project(x).exp();
        Tensor chosen = stack([exponentials[0, 2], exponentials[1, 0], exponentials[2, 3]]) / exponentials.sum(1);
        Func<Tensor, Tensor> classified = GuidanceLoss.Classifier(Project, 2, 0, 3);
        Near.Equal(-chosen.log(), classified(x), 1e-13);
        Tensor target = StartNoise.Draw([1, 4], 10, ScalarType.Float64);
        Tensor cosine = (Project(x) * target).sum(1) / (Project(x).norm(1) * target.norm());
        Func<Tensor, Tensor> identified = GuidanceLoss.Identity(Project, target);
        Near.Equal(1 - cosine, identified(x), 1e-13);
        Near.Equal(zeros(3, ScalarType.Float64).add(1), 1 + GuidanceLoss.Identity(Project, 2 * Project(x))(x), 1e-13);
        foreach (Func<Tensor, Tensor> loss in (Func<Tensor, Tensor>[])[classified, identified])
        {
            (_, Tensor gradient) = LossFunction.Evaluate(loss, x);
            double slope = Near.DirectionalDerivative(() => x, loss, x, ones_like(x));

            // A central difference of step 1e-5 in 64 bits.
            Assert.Equal(slope, gradient.sum().item<double>(), 1e-8);
        }

        Assert.Contains(
            "[3, 4]",
            Assert.Throws<ArgumentException>(() => GuidanceLoss.Classifier(Project, 2, 4, 0)(x)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "[1, 3]",
            Assert.Throws<ArgumentException>(() => GuidanceLoss.Identity(Project, ones(1, 3, ScalarType.Float64))(x)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void BadInput_SaysWhatToDo()
    {
        using var scope = NewDisposeScope();
        Tensor x = Image(1);
        Assert.Contains(
            "divisible by 5",
            Assert.Throws<ArgumentException>(() => LinearOperator.AveragePooling(5).Apply(x)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "[batch, channels, height, width]",
            Assert.Throws<ArgumentException>(() => LinearOperator.GaussianBlur().Apply(x[0])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "must lie inside",
            Assert.Throws<ArgumentException>(() => LinearOperator.BoxInpainting(10, 10, 5, 5).Apply(x)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "[7, 7]",
            Assert.Throws<ArgumentException>(() => LinearOperator.Masked(ones(7, 7)).Apply(x)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "larger than that",
            Assert.Throws<ArgumentException>(() => LinearOperator.MotionBlur(61).Apply(x)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => LinearOperator.Identity().Apply(ones(1, 2, ScalarType.Int64)));
        Measurement seen = Measurement.Observe(LinearOperator.Identity(), x);
        Assert.Contains(
            "they must agree",
            Assert.Throws<ArgumentException>(() => seen.Norm(ones(2, 2, 8, 8, ScalarType.Float64))).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => GuidanceLoss.WeightedSum());
        Assert.Throws<ArgumentOutOfRangeException>(() => LinearOperator.GaussianBlur(3, 60));
        Assert.Throws<ArgumentOutOfRangeException>(() => LinearOperator.RandomInpainting(1, 0));
    }

    private static Tensor Image(ulong seed) => StartNoise.Draw([2, 2, 16, 12], seed, ScalarType.Float64);
}
