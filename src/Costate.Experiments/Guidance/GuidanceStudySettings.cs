using Costate.Faces.Drawing;
using Costate.Faces.Guidance;
using Costate.Faces.Reports;

namespace Costate.Experiments.Guidance;

/// <summary>What all faces and methods of an evaluation of guidance have in common.</summary>
internal sealed record GuidanceStudySettings
{
    /// <summary>The first person: held out, and in no other evaluation.</summary>
    internal const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 600_000;

    /// <summary>The first person whose code the samples of the identity task begin with.</summary>
    internal const ulong FirstOther = DrawnFaces.FirstHeldOut + 700_000;

    /// <summary>Standard deviation of the noise in what is seen; that of DPS (Chung et al. 2023) unless said.</summary>
    internal double Noise { get; init; } = 0.05;

    /// <summary>Where codes come from: what is seen, or the mean.</summary>
    internal string Code { get; init; } = GuideCode.OfSeen;

    internal Degradation Degradation => new() { Noise = Noise };

    /// <summary>By name. Runs with equal ones may go on in one folder and be merged.</summary>
    internal SortedDictionary<string, Setting> Describe(IReadOnlyDictionary<string, Setting> model) =>
        Setting.Named([.. model.Select(m => (m.Key, (Setting?)m.Value)), ("noise", Noise), ("code", Code)]);
}
