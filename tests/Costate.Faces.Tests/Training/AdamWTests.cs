using TorchSharp.Modules;
using static TorchSharp.torch;
using AdamW = Costate.Faces.Training.AdamW;

namespace Costate.Faces.Tests.Training;

public sealed class AdamWTests
{
    [Fact]
    public void Steps_AreThoseOfTheFormula()
    {
        using var scope = NewDisposeScope();
        using var matrix = new Parameter(tensor(new[] { 1f, -2f }, [1, 2]));
        using var vector = new Parameter(tensor(new[] { 0.5f }));
        using var optimizer = new AdamW([matrix, vector], weightDecay: 0.1);
        double[] values = [1, -2, 0.5];
        (double[] first, double[] second) = (new double[3], new double[3]);
        for (int step = 1; step <= 4; step++)
        {
            double[] gradients = [.. values.Select((v, i) => (0.3 * step) - (v * (i + 1)))];
            matrix.grad = tensor(gradients[..2].Select(g => (float)g).ToArray(), [1, 2]);
            vector.grad = tensor(new[] { (float)gradients[2] });
            double rate = 0.01 * step;
            optimizer.Step(rate);
            for (int i = 0; i < 3; i++)
            {
                first[i] = (0.9 * first[i]) + (0.1 * gradients[i]);
                second[i] = (0.99 * second[i]) + (0.01 * gradients[i] * gradients[i]);
                double decay = i < 2 ? rate * 0.1 * values[i] : 0;
                values[i] -=
                    decay + (rate * (first[i] / (1 - Math.Pow(0.9, step))) / (Math.Sqrt(second[i] / (1 - Math.Pow(0.99, step))) + 1e-8));
            }

            // float32.
            Assert.Equal(values[0], matrix[0, 0].item<float>(), 1e-5);
            Assert.Equal(values[1], matrix[0, 1].item<float>(), 1e-5);
            Assert.Equal(values[2], vector[0].item<float>(), 1e-5);
            Assert.Equal(0, matrix.grad!.abs().sum().item<float>());
        }
    }

    [Fact]
    public void Gradients_AreClippedByTheirJointNorm()
    {
        using var scope = NewDisposeScope();
        using var a = new Parameter(zeros(2));
        using var b = new Parameter(zeros(1));
        using var optimizer = new AdamW([a, b], 0);
        (a.grad, b.grad) = (tensor(new[] { 2f, 3f }), tensor(new[] { 6f }));
        Assert.Equal(7, optimizer.ClipGradients(1), 1e-6);
        Assert.Equal([2f / 7, 3f / 7], a.grad.data<float>().ToArray(), (x, y) => Math.Abs(x - y) < 1e-6);
        Assert.Equal(1, optimizer.ClipGradients(2), 1e-6);
        Assert.Equal(6f / 7, b.grad[0].item<float>(), 1e-6);
    }
}
