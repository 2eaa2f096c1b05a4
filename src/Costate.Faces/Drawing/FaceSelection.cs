namespace Costate.Faces.Drawing;

/// <summary>Which faces to draw: so many circumstances of each of so many identities.</summary>
internal sealed record FaceSelection
{
    private const int GlassesEvery = 3;
    private const int UsualSize = 64;

    /// <summary>How many people.</summary>
    public required int Identities { get; init; }

    /// <summary>Pictures of each.</summary>
    public required int Circumstances { get; init; }

    /// <summary>Whether every third picture of a person has glasses, rather than as few as there are otherwise.</summary>
    public bool EvenGlasses { get; init; }

    /// <summary>Height and width in pixels.</summary>
    public int Size { get; init; } = UsualSize;

    /// <summary>How many faces.</summary>
    internal int Count => Identities * Circumstances;

    /// <summary>What they are, for whom a training goes on with.</summary>
    internal string Description =>
        $"{Identities} x {Circumstances} faces"
        + (Size == UsualSize ? "" : $" of {Size} pixels")
        + (EvenGlasses ? ", every third with glasses" : "");

    /// <summary>Their seeds, one identity after the other.</summary>
    /// <param name="first">The first identity.</param>
    internal (ulong Identity, ulong Circumstance)[] Seeds(ulong first = 0) =>
    [
        .. from identity in Enumerable.Range(0, Identities).Select(i => first + (ulong)i)
           from circumstance in EvenGlasses ? Even(identity) : Enumerable.Range(0, Circumstances).Select(i => (ulong)i)
           select (identity, circumstance)
    ];

    // The first circumstances of a person without glasses, and after every second of them the next with glasses.
    private IEnumerable<ulong> Even(ulong identity)
    {
        ulong[] next = [0, 0];
        for (int i = 0; i < Circumstances; i++)
        {
            int glasses = i % GlassesEvery == GlassesEvery - 1 ? 1 : 0;
            while (DrawnFaces.Moment(identity, next[glasses]).Glasses != (glasses == 1))
            {
                next[glasses]++;
            }

            yield return next[glasses]++;
        }
    }
}
