using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019), its state open to checkpoints.</summary>
internal sealed class AdamW : IDisposable
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.99;
    private const double Epsilon = 1e-8;

    private readonly List<(Parameter Parameter, Tensor First, Tensor Second)> moments;
    private readonly double weightDecay;
    private long steps;

    /// <param name="parameters">What to train. Vectors (biases, normalisations) do not decay.</param>
    /// <param name="weightDecay">The share of the learning rate by which the others do.</param>
    internal AdamW(IEnumerable<Parameter> parameters, double weightDecay)
    {
        this.weightDecay = weightDecay;
        using IDisposable noGraph = no_grad();
        moments = [.. parameters.Select(p => (p, zeros_like(p).DetachFromDisposeScope(), zeros_like(p).DetachFromDisposeScope()))];
    }

    /// <summary>The running means of the gradients and of their squares, in the order of the parameters.</summary>
    internal IEnumerable<(Tensor First, Tensor Second)> Moments => moments.Select(m => (m.First, m.Second));

    /// <summary>Goes on after so many steps, whose moments have been put into <see cref="Moments"/>.</summary>
    internal void ResumeAt(long step) => steps = step;

    /// <summary>Scales all gradients so that their joint norm is at most <paramref name="largest"/>; returns the norm before.</summary>
    internal double ClipGradients(double largest)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor[] gradients = [.. moments.Select(m => m.Parameter.grad).OfType<Tensor>()];
        double norm = Math.Sqrt(gradients.Sum(g => Math.Pow(g.norm().item<float>(), 2)));
        if (norm > largest)
        {
            using Scalar factor = largest / norm;
            foreach (Tensor gradient in gradients)
            {
                gradient.mul_(factor);
            }
        }

        return norm;
    }

    /// <summary>One step along the gradients, which are zero afterwards.</summary>
    internal void Step(double learningRate)
    {
        steps++;
        double correction1 = 1 - Math.Pow(Beta1, steps);
        double correction2 = 1 - Math.Pow(Beta2, steps);
        using IDisposable noGraph = no_grad();
        using Scalar beta1 = Beta1, beta2 = Beta2, share1 = 1 - Beta1, share2 = 1 - Beta2;
        using Scalar root = 1 / Math.Sqrt(correction2),
            epsilon = Epsilon,
            rate = -learningRate / correction1,
            keep = 1 - (learningRate * weightDecay);
        foreach ((Parameter parameter, Tensor first, Tensor second) in moments)
        {
            using DisposeScope scope = NewDisposeScope();
            if (parameter.grad is not { } gradient)
            {
                continue;
            }

            first.mul_(beta1).add_(gradient, share1);
            second.mul_(beta2).addcmul_(gradient, gradient, share2);
            if (parameter.dim() > 1)
            {
                parameter.mul_(keep);
            }

            parameter.addcdiv_(first, second.sqrt().mul_(root).add_(epsilon), rate);
            gradient.zero_();
        }
    }

    public void Dispose()
    {
        foreach ((_, Tensor first, Tensor second) in moments)
        {
            first.Dispose();
            second.Dispose();
        }
    }
}
