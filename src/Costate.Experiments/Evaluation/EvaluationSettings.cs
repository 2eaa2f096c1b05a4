using System.Globalization;
using Costate.Faces.Drawing;
using Costate.Faces.Reports;

namespace Costate.Experiments.Evaluation;

/// <summary>
/// What all pairs and methods of an evaluation have in common. The defaults are the published numbers where there are any.
/// </summary>
internal sealed record EvaluationSettings
{
    /// <summary>The first candidate: held out, and away from those that thresholds are found on.</summary>
    internal const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 500_000;

    /// <summary>People that pairs are chosen from.</summary>
    internal int Candidates { get; init; } = 1000;

    /// <summary>Whether pairs are people as they come, rather than the most similar ones.</summary>
    internal bool RandomPairs { get; init; }

    /// <summary>Other pictures of each person that a morph is compared with.</summary>
    internal int Probes { get; init; } = 5;

    /// <summary>Steps from pictures to noise.</summary>
    internal int EncodingSteps { get; init; } = 250;

    /// <summary>Steps of the methods that only blend; of Fast-DiM half as many.</summary>
    internal int BlendSteps { get; init; } = 100;

    /// <summary>Blends of Morph-PIPE.</summary>
    internal int Blends { get; init; } = 21;

    /// <summary>N, sampling steps of the methods that optimise.</summary>
    internal int Steps { get; init; } = 20;

    /// <summary>Steps of the optimisation.</summary>
    internal int Iterations { get; init; } = 50;

    /// <summary>Steps of Greedy-DiM* at each sampling step.</summary>
    internal int InnerSteps { get; init; } = 50;

    /// <summary>Of x_T and z.</summary>
    internal double LearningRate { get; init; } = 0.1;

    /// <summary>By name. Runs with equal ones may go on in one folder and be merged.</summary>
    internal SortedDictionary<string, Setting> Describe(IReadOnlyDictionary<string, Setting> model) => Setting.Named(
    [
        .. model.Select(m => (m.Key, (Setting?)m.Value)),
        ("candidates", Candidates),
        ("randomPairs", RandomPairs ? "yes" : (string?)null),
        ("probes", Probes),
        ("encodeSteps", EncodingSteps),
        ("blendSteps", BlendSteps),
        ("blends", Blends),
        ("steps", Steps),
        ("iterations", Iterations),
        ("innerSteps", InnerSteps),
        ("learningRate", LearningRate),
    ]);

    /// <summary>What <see cref="Describe"/> has written.</summary>
    internal static EvaluationSettings Of(IReadOnlyDictionary<string, Setting> described)
    {
        int Whole(string name) => int.Parse(described[name].Text, CultureInfo.InvariantCulture);
        return new EvaluationSettings
        {
            Candidates = Whole("candidates"),
            Probes = Whole("probes"),
            EncodingSteps = Whole("encodeSteps"),
            BlendSteps = Whole("blendSteps"),
            Blends = Whole("blends"),
            Steps = Whole("steps"),
            Iterations = Whole("iterations"),
            InnerSteps = Whole("innerSteps"),
            LearningRate = double.Parse(described["learningRate"].Text, CultureInfo.InvariantCulture),
        };
    }
}
