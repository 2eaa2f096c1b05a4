using Costate.Faces.Recognition;

namespace Costate.Faces.Models;

/// <summary>A recogniser that comes with the tool, and the similarity from which it takes two faces for one person's.</summary>
internal sealed class EmbeddedRecogniser(FaceRecogniser network, CalibratedRecogniser calibration)
{
    internal const string AttackName = "attack";
    internal const string PairsName = "pairs";

    internal static IReadOnlyList<string> JudgeNames { get; } = ["judge-1", "judge-2", "judge-3"];

    internal static IReadOnlyList<string> AllNames { get; } = [AttackName, .. JudgeNames, PairsName];

    internal string Name => calibration.Name;

    /// <summary>What it was trained with, and how good it is.</summary>
    internal CalibratedRecogniser Calibration => calibration;

    /// <summary>Cosine similarities above it are matches; at most one in a thousand pairs of two people's faces has one.</summary>
    internal double Threshold => calibration.Threshold;

    /// <summary>Faces in -1..1, [batch, 3, 64, 64], to embeddings of unit length, [batch, width]. Frozen, in evaluation mode.</summary>
    internal FaceRecogniser Network => network;

    /// <summary>Whether a cosine similarity is that of one person's faces.</summary>
    internal bool Accepts(double similarity) => similarity > Threshold;

    /// <summary>Its file in a folder of weights.</summary>
    internal static string FileOf(string name) => $"recogniser-{name}.safetensors";
}
