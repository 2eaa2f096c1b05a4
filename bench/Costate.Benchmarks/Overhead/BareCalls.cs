using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Overhead;

/// <summary>
/// The network calls that a run makes, through TorchSharp alone: the time is told by a tensor made beforehand, nothing is checked or kept.
/// </summary>
internal sealed class BareCalls(ConvolutionalNetwork network, Tensor x, Tensor t)
{
    internal void Evaluate(int times)
    {
        using IDisposable noGraph = no_grad();
        for (int k = 0; k < times; k++)
        {
            using DisposeScope scope = NewDisposeScope();
            network.call(x, t);
        }
    }

    /// <summary>Evaluates with a graph and multiplies by a cotangent; x has a gradient, the frozen weights have none.</summary>
    internal void EvaluateAndPullBack(int times)
    {
        for (int k = 0; k < times; k++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor leaf = x.detach().requires_grad_(true);
            Tensor output = network.call(leaf, t);
            autograd.backward([output], [x], inputs: [leaf]);
            leaf.grad!.Dispose();
        }
    }

    /// <summary>Evaluates with graphs, which are kept, and then multiplies each by a cotangent, the last first.</summary>
    internal void EvaluateAllAndPullBack(int times)
    {
        using DisposeScope scope = NewDisposeScope();
        var graphs = new Stack<(Tensor Leaf, Tensor Output)>();
        for (int k = 0; k < times; k++)
        {
            Tensor leaf = x.detach().requires_grad_(true);
            graphs.Push((leaf, network.call(leaf, t)));
        }

        foreach ((Tensor leaf, Tensor output) in graphs)
        {
            autograd.backward([output], [x], inputs: [leaf]);
            leaf.grad!.Dispose();
            leaf.Dispose();
            output.Dispose();
        }
    }

    /// <summary>Evaluates a loss with its gradient.</summary>
    internal void EvaluateLoss(Func<Tensor, Tensor> loss, int times)
    {
        for (int k = 0; k < times; k++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor leaf = x.detach().requires_grad_(true);
            loss(leaf).sum().backward();
            leaf.grad!.Dispose();
        }
    }
}
