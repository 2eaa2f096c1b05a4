namespace Costate.Studio.Forms;

/// <summary>C# for the studies: what they measure, on a problem of a few lines.</summary>
internal static class StudyCodeText
{
    internal static string Of(FormValues form) => CSharp.Begin() + """
        // The study is many of these: a network of one formula, whose gradient is compared between methods.
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        Denoiser denoiser = Denoiser.FromFunction((x, t, z) => x.tanh() * (1 + z!), Prediction.Noise);
        Tensor start = StartNoise.Draw([1, 3], seed: 1, ScalarType.Float64), z = zeros(1, 3, ScalarType.Float64);
        Tensor Gradient(int steps, GradientMethod method) =>
            new Sampler(denoiser, schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.UniformLogSnr(schedule, steps))
                .Gradient(start, z, x => x.square().sum(1), method).StartNoise;

        Tensor truth = Gradient(2000, GradientMethod.Discrete());
        foreach (int steps in (int[])[10, 20, 40, 80])
        {
            double Error(GradientMethod method) => ((Gradient(steps, method) - truth).norm() / truth.norm()).item<double>();
            Console.WriteLine($"{steps} steps: discrete {Error(GradientMethod.Discrete()):G3}, "
                + $"AdjointDEIS {Error(GradientMethod.AdjointDeis(order: 2)):G3}");
        }

        """;
}
