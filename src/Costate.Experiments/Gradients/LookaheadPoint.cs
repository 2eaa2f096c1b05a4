namespace Costate.Experiments.Gradients;

/// <summary>The gradient of a lookahead's prediction beside that of the sample itself.</summary>
/// <param name="Lookahead">Steps of the lookahead.</param>
/// <param name="Time">Where it looks from.</param>
/// <param name="Error">Relative error, over all items together.</param>
/// <param name="Cosine">Of the angle between both, a mean over items.</param>
internal sealed record LookaheadPoint(int Lookahead, double Time, double Error, double Cosine);
