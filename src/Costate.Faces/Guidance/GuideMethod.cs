using Costate.Faces.Names;

namespace Costate.Faces.Guidance;

/// <summary>A guidance method by its name, with the defaults of the tool.</summary>
internal sealed record GuideMethod
{
    internal required string Name { get; init; }

    internal required string Label { get; init; }

    internal required string Remark { get; init; }

    internal required GuideKind Kind { get; init; }

    /// <summary>The options of a guided sampler, from the strength over the whole run and the number of steps.</summary>
    internal Func<double, int, GuidanceOptions>? Options { get; init; }

    /// <summary>The iterations of one that optimises.</summary>
    internal int Iterations { get; init; }

    /// <summary>Sampling steps.</summary>
    internal required int Steps { get; init; }

    /// <summary>Whether it descends <see cref="GuideTarget.Energy"/> rather than the norm.</summary>
    internal bool DescendsEnergy { get; init; }

    /// <summary>The strength for measurements, over the whole run; of one that optimises, the learning rate.</summary>
    internal required double Strength { get; init; }

    /// <summary>The same for the identity, whose loss has smaller gradients.</summary>
    internal required double StrengthForIdentity { get; init; }

    /// <summary>The published settings of the controls.</summary>
    internal ControlOptions? Controls { get; init; }

    /// <summary>Whether it differentiates the network, and so takes a lookahead.</summary>
    internal bool LooksAhead { get; init; }

    internal static GuideMethod Unguided { get; } =
        Sampled("unguided", "Unguided", "DDIM, no guidance", 0, 0, (_, _) => GuidancePreset.Unguided()) with
        {
            LooksAhead = false,
        };

    internal static GuideMethod Greedy { get; } =
        Sampled(
            "greedy",
            "Greedy",
            "gradient steps at the predicted picture, on the ODE",
            1,
            20,
            (s, _) => new GuidanceOptions { StateStrength = s }) with
        {
            DescendsEnergy = true,
        };

    internal static GuideMethod EndToEnd { get; } = new()
    {
        Name = "end-to-end",
        Label = "End-to-end",
        Remark = "Adam on start noise, of fixed norm, and code, through all steps (DPM-Solver++2M)",
        Kind = GuideKind.EndToEnd,

        // Of few steps there are many iterations, and a sample hangs on its noise more directly.
        Steps = 3,
        Iterations = 100,
        Strength = 0.05,
        StrengthForIdentity = 0.05,
    };

    internal static IReadOnlyList<GuideMethod> All { get; } =
    [
        Unguided,
        Greedy,
        Sampled("dps", "DPS", "Chung et al. 2023: the same with DDPM's noise", 100, 1000, (s, n) => GuidancePreset.Dps(s / n)),
        Sampled("freedom", "FreeDoM", "Yu et al. 2023: with time travel", 50, 500, (s, n) => GuidancePreset.FreeDom(s / n)) with
        {
            Steps = 50,
        },
        Sampled("lgd-mc", "LGD-MC", "Song et al. 2023: a smoothed loss", 100, 1000, (s, n) => GuidancePreset.LgdMc(s / n)),
        Sampled(
            "mpgd",
            "MPGD",
            "He et al. 2024: on the predicted picture, no gradient of the network",
            100,
            1000,
            (s, n) => GuidancePreset.Mpgd(s / n)) with
        {
            LooksAhead = false,
        },
        Sampled(
            "universal",
            "Universal",
            "Bansal et al. 2023: forward and backward, repeated",
            5,
            50,
            (s, n) => GuidancePreset.Universal(s, backward: s / n)) with
        {
            Steps = 40,
        },
        Sampled("tfg", "TFG", "Ye et al. 2024: on state and picture, a smoothed loss", 50, 500, (s, n) => GuidancePreset.Tfg(s / n, s / n)),
        new()
        {
            Name = "greedy-dim",
            Label = "Greedy-DiM*",
            Remark = "Blasingame and Liu 2024: Adam on the noise prediction of each step",
            Kind = GuideKind.GreedyDim,
            Steps = 50,
            Iterations = 20,
            Strength = 0.01,
            StrengthForIdentity = 0.01,
        },
        new()
        {
            Name = "red-diff",
            Label = "RED-diff",
            Remark = "Mardani et al. 2024: Adam on the picture",
            Kind = GuideKind.RedDiff,
            Steps = 200,
            Strength = 0.1,
            StrengthForIdentity = 0.1,
        },
        EndToEnd,
        Controlled("flowgrad", "FlowGrad", "Liu et al. 2023: descent on controls of each step", ControlOptions.FlowGrad),
        Controlled("oc-flow", "OC-Flow", "Wang et al. 2025: the same, regularised", ControlOptions.OcFlow),
    ];

    /// <exception cref="InputException">There is no such method.</exception>
    internal static GuideMethod Parse(string parameter, string name) => Specification.Find(parameter, name, All, m => m.Name);

    internal static string Table() => "Methods:\n" + string.Join('\n', All.Select(m => $"  {m.Name,-11} {m.Remark}"));

    /// <summary>The default strength for a task.</summary>
    internal double StrengthFor(GuideTask task) =>
        task == GuideTask.Identity || task == GuideTask.Prompt ? StrengthForIdentity : Strength;

    private static GuideMethod Sampled(
        string name,
        string label,
        string remark,
        double strength,
        double forIdentity,
        Func<double, int, GuidanceOptions> options) =>
        new()
        {
            Name = name,
            Label = label,
            Remark = remark,
            Kind = GuideKind.Sampled,
            Options = options,
            LooksAhead = true,
            Steps = 100,
            Strength = strength,
            StrengthForIdentity = forIdentity,
        };

    private static GuideMethod Controlled(string name, string label, string remark, ControlOptions controls) => new()
    {
        Name = name,
        Label = label,
        Remark = remark,
        Kind = GuideKind.Control,
        Controls = controls,
        Steps = 10,
        Iterations = controls.Iterations,
        DescendsEnergy = true,
        Strength = 1,
        StrengthForIdentity = 20,
    };
}
