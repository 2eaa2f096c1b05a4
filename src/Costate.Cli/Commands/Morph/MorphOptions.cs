using System.CommandLine;
using Costate.Faces.Morphs;
using Costate.Faces.Names;

namespace Costate.Cli.Commands.Morph;

/// <summary>The options that say how faces are morphed.</summary>
internal sealed class MorphOptions
{
    private const string DefaultSolver = "dpm++2m";
    private const string DefaultStochastic = "sde-dpm++2m";
    private const double DefaultBlend = 0.5;

    private readonly Option<string?> solver = CommonOptions.Text(
        "--solver", "NAME", $"The solver; see costate sample --help. [default: {DefaultSolver}]");
    private readonly Option<bool> sde = CommonOptions.Flag(
        "--sde", $"Sample the SDE, with {DefaultStochastic} unless --solver names another; its noises are found by CycleDiffusion.");
    private readonly Option<int> steps = CommonOptions.Whole(
        "--steps", 1, Limits.Steps, "N, sampling steps.", MorphSettings.DefaultSteps);
    private readonly Option<int?> encodingSteps = CommonOptions.Whole(
        "--encode-steps", 1, Limits.Steps,
        $"Steps from the faces to their noise, of a solver that is not stochastic. [default: {MorphSettings.DefaultEncodingSteps}]");
    private readonly Option<string> grid = CommonOptions.Text(
        "--grid", "NAME", $"Where it steps: {string.Join(", ", NamedGrid.All.Select(g => g.Name))}.", "uniform-log-snr");
    private readonly Option<string> method = CommonOptions.GradientMethod();
    private readonly Option<int?> adjointSteps = CommonOptions.Whole(
        "--adjoint-steps", 1, Limits.Steps, "M, steps of adjoint-deis. [default: N]");
    private readonly Option<string?> trajectory = CommonOptions.Trajectory();
    private readonly Option<string> optimiser = CommonOptions.Text(
        "--optimiser", "NAME", $"{NamedOptimiser.Names}.", NamedOptimiser.Default);
    private readonly Option<string> optimise = CommonOptions.Text(
        "--optimise", "WHAT", $"What changes: {NamedTargets.Names}.", NamedTargets.Default);
    private readonly Option<int> iterations = CommonOptions.Whole(
        "--iterations", 0, Limits.Iterations, "Steps of the optimiser; 0 only blends (DiM).", MorphSettings.DefaultIterations);
    private readonly Option<double?> rate = CommonOptions.Number(
        "--learning-rate", "R", v => v > 0, "a number above 0", $"Rate of the noise. [default: {MorphSettings.DefaultRate}]");
    private readonly Option<double?> codeRate = CommonOptions.Number(
        "--code-learning-rate", "R", v => v > 0, "a number above 0",
        $"Rate of the code. [default: that of --learning-rate, or {MorphSettings.DefaultCodeRate}]");
    private readonly Option<double?> momentum = CommonOptions.Number(
        "--momentum", "M", v => v is >= 0 and < 1, "a number from 0 to below 1", "Momentum of descent. [default: 0]");
    private readonly Option<double?> clip = CommonOptions.Number(
        "--clip", "C", v => v > 0, "a number above 0", "The most that descent moves a number in one step. [default: no limit]");
    private readonly Option<double?> gradientNorm = CommonOptions.Number(
        "--gradient-norm", "G", v => v > 0, "a number above 0", "The longest gradient; longer ones are scaled down. [default: no limit]");
    private readonly Option<bool> keepNorm = CommonOptions.Flag("--keep-norm", "Set the length of the noise back after each step.");
    private readonly Option<double?> inject = CommonOptions.Number(
        "--inject-noise", "S", v => v >= 0, "a number, at least 0",
        "Standard deviation of noise that is added after each step. [default: 0]");
    private readonly Option<double?> stopAt = CommonOptions.Number(
        "--stop-at-loss", "L", _ => true, "a number", "Stop a pair once its loss is as low. [default: never]");
    private readonly Option<int?> patience = CommonOptions.Whole(
        "--patience", 1, Limits.Iterations, "Stop a pair after so many iterations without a new lowest loss. [default: never]");
    private readonly Option<double?> blend = CommonOptions.Number(
        "--blend", "W", v => v is >= 0 and <= 1, "a number from 0 to 1",
        $"Where to begin between A (0) and B (1). [default: {DefaultBlend}]");
    private readonly Option<ulong?> seed = CommonOptions.Seed("--seed", "S", "Of the noises of --sde, and of --inject-noise.");

    /// <summary>All of them, in the order of the help.</summary>
    internal IReadOnlyList<Option> All =>
    [
        iterations, rate, codeRate, optimiser, optimise, momentum, clip, gradientNorm, keepNorm, inject, stopAt, patience, blend, method,
        adjointSteps, trajectory, solver, sde, steps, encodingSteps, grid, seed,
    ];

    /// <exception cref="UsageException">A value is not what its option expects, or two do not go together.</exception>
    internal MorphSettings Parse(ParseResult parsed)
    {
        string solverName = parsed.GetValue(solver) ?? (parsed.GetValue(sde) ? DefaultStochastic : DefaultSolver);
        Solver parsedSolver = NamedSolver.Parse(solverName);
        Check(parsed, solverName, parsedSolver);
        string optimiserName = parsed.GetValue(optimiser)!;
        ulong ofNoise = parsed.GetValue(seed) ?? 0;
        return new MorphSettings
        {
            SolverName = solverName,
            Solver = parsedSolver,
            GridName = parsed.GetValue(grid)!,
            Steps = parsed.GetValue(steps),
            EncodingSteps = parsedSolver.IsStochastic ? null : parsed.GetValue(encodingSteps) ?? MorphSettings.DefaultEncodingSteps,
            MethodName = parsed.GetValue(method)!,
            AdjointSteps = parsed.GetValue(adjointSteps),
            Trajectory = parsed.GetValue(trajectory),
            OptimiserName = NamedOptimiser.Describe(optimiserName, parsed.GetValue(momentum), parsed.GetValue(clip)),
            Optimisation = Optimisation(parsed, parsedSolver, optimiserName),
            Blend = parsed.GetValue(blend) ?? DefaultBlend,
            Seed = ofNoise,
        };
    }

    private LatentOptimisationOptions Optimisation(ParseResult parsed, Solver parsedSolver, string optimiserName) => new()
    {
        Targets = NamedTargets.Parse(parsed.GetValue(optimise)!),
        Optimiser = NamedOptimiser.Parse(optimiserName, parsed.GetValue(momentum), parsed.GetValue(clip)),
        Method = NamedMethod.Parse(parsed.GetValue(method)!, parsedSolver, parsed.GetValue(adjointSteps), parsed.GetValue(trajectory)),
        Iterations = parsed.GetValue(iterations),
        StartNoiseRate = parsed.GetValue(rate) ?? MorphSettings.DefaultRate,
        ConditionRate = parsed.GetValue(codeRate) ?? parsed.GetValue(rate) ?? MorphSettings.DefaultCodeRate,
        MaxGradientNorm = parsed.GetValue(gradientNorm),
        KeepStartNorm = parsed.GetValue(keepNorm),
        InjectedNoise = parsed.GetValue(inject) ?? 0,
        StopAtLoss = parsed.GetValue(stopAt),
        Patience = parsed.GetValue(patience),
    };

    private void Check(ParseResult parsed, string solverName, Solver parsedSolver)
    {
        UsageException.ThrowIf(
            parsed.GetValue(sde) && !parsedSolver.IsStochastic,
            $"Got --sde with --solver {solverName}, which is not stochastic; leave out one of them, or take {DefaultStochastic}.");

        UsageException.ThrowIf(
            parsedSolver.IsStochastic && parsed.GetValue(encodingSteps) is not null,
            $"Got --encode-steps with the stochastic solver {solverName}, whose noises belong to its own steps; leave it out.");

        string optimiserName = parsed.GetValue(optimiser)!;
        UsageException.ThrowIf(
            optimiserName != NamedOptimiser.Descent && (parsed.GetValue(momentum) ?? parsed.GetValue(clip)) is not null,
            $"Got {(parsed.GetValue(momentum) is null ? "--clip" : "--momentum")} with --optimiser {optimiserName}; "
                + "it belongs to --optimiser descent.");

        UsageException.ThrowIf(
            optimiserName == NamedOptimiser.LimitedMemoryBfgs && parsed.GetValue(inject) > 0,
            "Got --inject-noise with --optimiser l-bfgs, whose line search must see the points that it asks for; leave out one of them.");
    }
}
