using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Costate.Tests;

/// <summary>A conditional network of a few weights: x [batch, 3], t [batch], z [batch, 2].</summary>
internal sealed class SmallNet : Module<Tensor, Tensor, Tensor, Tensor>
{
    private readonly Linear first;
    private readonly Linear second;

    public SmallNet(ScalarType dtype = ScalarType.Float64)
        : base(nameof(SmallNet))
    {
        using var generator = new Generator(3);
        first = Linear(6, 8, dtype: dtype);
        second = Linear(8, 3, dtype: dtype);
        RegisterComponents();
        using IDisposable noGraph = no_grad();
        foreach (Parameter parameter in parameters())
        {
            using Tensor values = randn(parameter.shape, ScalarType.Float64, generator: generator) * 0.5;
            parameter.copy_(values);
        }
    }

    public override Tensor forward(Tensor x, Tensor t, Tensor z)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor time = t.unsqueeze(1);
        Tensor hidden = first.call(cat([x, z, time], 1)).tanh();
        return (second.call(hidden) + (0.5 * x)).MoveToOuterDisposeScope();
    }

    public static Tensor Start(int batch = 2, ScalarType dtype = ScalarType.Float64) => StartNoise.Draw([batch, 3], 5, dtype);

    public static Tensor Condition(int batch = 2, ScalarType dtype = ScalarType.Float64) => StartNoise.Draw([batch, 2], 6, dtype);

    public static Tensor ScheduledCondition(int steps, int batch = 2) => StartNoise.Draw([steps, batch, 2], 7, ScalarType.Float64);

    public static Tensor Loss(Tensor x) => (x - 0.3).square().sum(1) + (2 * x[TensorIndex.Ellipsis, 0]).sin();
}
