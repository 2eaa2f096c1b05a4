using Costate.Testing;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>What every gradient method keeps to: parameters, threads, memory and progress.</summary>
public sealed class GradientMethodTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    [Fact]
    public void FrozenAndRepeatedParameters()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Parameter[] all = [.. net.parameters()];
        SampleGradient expected = NewSampler(Denoiser.FromModule(net, Prediction.Noise))
            .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        Sampler sampler = NewSampler(
            Denoiser.FromFunction((x, t, z) => net.call(x, t, z!), Prediction.Noise, parameters: [.. all, .. all]));
        Assert.Equal(4, sampler.Denoiser.Parameters.Count);
        foreach (GradientMethod method in new[] { GradientMethod.Discrete(), GradientMethod.Unrolled(), GradientMethod.AdjointDeis(2) })
        {
            all[1].requires_grad = true;
            SampleGradient trainable = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, method);
            all[1].requires_grad = false;
            SampleGradient frozen = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, method);
            Near.Equal(trainable.Parameters[0], frozen.Parameters[0], 1e-13);
            Assert.Equal(zeros_like(all[1], requires_grad: false), frozen.Parameters[1]);
        }

        SmallNet.Loss(sampler.Differentiable(SmallNet.Start(), SmallNet.Condition())).sum().backward();
        Near.Equal(expected.Parameters[0], all[0].grad!, 1e-13);
        Assert.Null(all[1].grad);
    }

    [LongProof]
    [Fact]
    public void DroppedSamples_AreFreedByTheCollector()
    {
        // On a thread of its own: what the collector frees is never disposed, and the leak check counts this thread's tensors.
        const int Runs = 200, Entries = 500_000;
        long most = 0, before = Tensor.TotalCount;
        var thread = new Thread(() =>
        {
            Sampler sampler = NewSampler(Denoiser.FromFunction((x, _, _) => x * 0.5, Prediction.Noise));
            for (int i = 0; i < Runs; i++)
            {
                using var scope = NewDisposeScope();
                sampler.Differentiable(zeros(1, Entries).requires_grad_(true));
                most = Math.Max(most, Tensor.TotalCount - before);
            }
        });
        thread.Start();
        thread.Join();

        // Each leaves a start, five states and a sample, 14 MB; told of no memory, the collector lets more than a thousand of them wait.
        Assert.True(most < 500, $"{most} tensors waited for the collector.");
    }

    [Theory]
    [InlineData("discrete")]
    [InlineData("revolve")]
    [InlineData("unrolled")]
    [InlineData("adjoint")]
    [InlineData("reversible")]
    public void Progress_CountsUpToATotal_InEachPhase(string method)
    {
        using var scope = NewDisposeScope();
        List<StepProgress> reports = [];
        var sampler = new Sampler(
            Denoiser.FromFunction((x, _, _) => x * 0.5, Prediction.Noise),
            Schedule,
            method == "reversible" ? Solver.Rex(ButcherTableau.Rk4) : Solver.DpmSolverPlusPlus(2),
            TimeGrid.UniformLogSnr(Schedule, 5, 1, 0.05));
        GradientMethod how = method switch
        {
            "revolve" => GradientMethod.Discrete(Checkpointing.Revolve(2)),
            "unrolled" => GradientMethod.Unrolled(),
            "adjoint" => GradientMethod.AdjointDeis(steps: 3),
            "reversible" => GradientMethod.Reversible(),
            _ => GradientMethod.Discrete(),
        };
        sampler.Gradient(SmallNet.Start(), null, SmallNet.Loss, how, progress: new Reports(reports));
        foreach (SamplingPhase phase in new[] { SamplingPhase.Sampling, SamplingPhase.Gradient })
        {
            StepProgress[] its = [.. reports.Where(report => report.Phase == phase)];
            Assert.Single(its.Select(report => report.Total).Distinct());
            Assert.Equal(its.Select(report => report.Done).Order(), its.Select(report => report.Done));
            Assert.Equal(its[^1].Total, its[^1].Done);
            Assert.Equal(method == "adjoint" && phase == SamplingPhase.Gradient ? 3 : sampler.Table.EvaluatedRows.Count, its[^1].Total);
        }
    }

    [Fact]
    public void TwoThreads_ThatShareParameters_GetTheirOwnGradients()
    {
        using var outer = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise));
        double[] expected = Gradients(sampler, 1)[0];
        double[][] found = new double[2 * 20][];
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(k => new Thread(() => Gradients(sampler, 20).CopyTo(found, 20 * k)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(found, values => Assert.Equal(expected, values));

        static double[][] Gradients(Sampler sampler, int times) =>
        [
            .. Enumerable.Range(0, times).Select(_ =>
            {
                using var scope = NewDisposeScope();
                set_num_threads(1);
                return sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss).Parameters[0].data<double>().ToArray();
            }),
        ];
    }

    private static Sampler NewSampler(Denoiser denoiser) =>
        new(denoiser, Schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.UniformLogSnr(Schedule, 5, 1, 0.05));

    private sealed class Reports(List<StepProgress> all) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => all.Add(value);
    }
}
