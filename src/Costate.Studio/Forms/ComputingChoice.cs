namespace Costate.Studio.Forms;

/// <summary>What all jobs compute with.</summary>
/// <param name="Model">The folder or file of a pipeline, which takes the place of the embedded text-to-image model; null for none.</param>
/// <param name="Weights">Where the weights of the embedded models are; those that came with the tool if null.</param>
/// <param name="Threads">Of torch; as many as each command of the tool takes by itself if null.</param>
/// <param name="Device">Where networks compute, as the tool names it; on the processor if null.</param>
internal sealed record ComputingChoice(string? Model = null, string? Weights = null, int? Threads = null, string? Device = null);
