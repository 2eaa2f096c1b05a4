namespace Costate.Faces.Names;

/// <summary>
/// The most that options of numbers take: more is a slip of the keys, and would end in hours of silence or in a machine without memory.
/// </summary>
internal static class Limits
{
    /// <summary>Steps of a sampler, and numbers that count among them: checkpoints, anchors, steps of the adjoint.</summary>
    internal const int Steps = 100_000;

    /// <summary>Steps of an optimisation.</summary>
    internal const int Iterations = 100_000;

    /// <summary>Steps of a training.</summary>
    internal const int TrainingSteps = 100_000_000;

    /// <summary>Samples that are computed together.</summary>
    internal const int Batch = 100_000;

    /// <summary>Faces or pairs of them that go through the networks of faces together.</summary>
    internal const int Together = 4096;

    /// <summary>Threads of torch.</summary>
    internal const int Threads = 1024;

    /// <summary>A year.</summary>
    internal const double Minutes = 525_600;

    /// <summary>People of an evaluation: as many identities lie between the first of one and of the next.</summary>
    internal const int People = 100_000;
}
