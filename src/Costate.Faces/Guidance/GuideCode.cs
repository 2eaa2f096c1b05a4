namespace Costate.Faces.Guidance;

/// <summary>What the semantic code of a guided sample may be called where it is that of no picture.</summary>
internal static class GuideCode
{
    /// <summary>The code of what is seen of the picture.</summary>
    internal const string OfSeen = "observed";

    /// <summary>The mean code of the people that the model was trained on.</summary>
    internal const string Mean = "mean";
}
