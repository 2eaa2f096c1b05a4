namespace Costate;

/// <summary>
/// TFG's beam search over its three strengths (Ye et al. 2024, section 4): each of the best candidates is tried again with one of its
/// strengths doubled, for some rounds. The defaults are those of the published code.
/// </summary>
public sealed record StrengthSearch
{
    /// <summary>The first candidate.</summary>
    /// <value>The default value is (0.5, 0.5, 0.01).</value>
    public TfgStrengths Start { get; init; } = new(0.5, 0.5, 0.01);

    /// <summary>The most that each strength may become.</summary>
    /// <value>The default value is (8, 8, 10).</value>
    public TfgStrengths Largest { get; init; } = new(8, 8, 10);

    /// <summary>How many candidates are kept after each round.</summary>
    /// <value>The default value is 3.</value>
    public int Width { get; init; } = 3;

    /// <summary>The most rounds.</summary>
    /// <value>The default value is 8.</value>
    public int Rounds { get; init; } = 8;

    /// <summary>Searches.</summary>
    /// <param name="score">From a candidate to how bad its samples are, on a few items set aside for it: lower is better, NaN is worst.
    /// Called once for each candidate.</param>
    /// <param name="cancellationToken">Looked at before each candidate.</param>
    /// <returns>All candidates that were tried with their scores, the best first.</returns>
    /// <exception cref="InvalidOperationException">The width or the number of rounds is less than 1.</exception>
    /// <exception cref="OperationCanceledException">The search was cancelled.</exception>
    public IReadOnlyList<(TfgStrengths Candidate, double Score)> Run(
        Func<TfgStrengths, double> score,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(score);
        if (Width < 1 || Rounds < 1)
        {
            throw new InvalidOperationException($"Got width {Width} and {Rounds} rounds; both are at least 1.");
        }

        var scores = new Dictionary<TfgStrengths, double>();
        Try([Start]);
        TfgStrengths[] beam = [Start];
        for (int round = 0; round < Rounds; round++)
        {
            TfgStrengths[] fresh =
            [
                .. beam.SelectMany(candidate => candidate.OneDoubled())
                    .Distinct()
                    .Where(candidate => candidate.IsWithin(Largest) && !scores.ContainsKey(candidate)),
            ];
            Try(fresh);
            beam = [.. beam.Concat(fresh).OrderBy(candidate => scores[candidate]).Take(Width)];
        }

        return [.. scores.OrderBy(entry => entry.Value).Select(entry => (entry.Key, entry.Value))];

        void Try(TfgStrengths[] candidates)
        {
            foreach (TfgStrengths candidate in candidates)
            {
                cancellationToken.ThrowIfCancellationRequested();
                double value = score(candidate);
                scores[candidate] = double.IsNaN(value) ? double.PositiveInfinity : value;
            }
        }
    }
}
