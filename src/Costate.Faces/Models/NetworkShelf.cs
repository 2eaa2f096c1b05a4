using Costate.Networks;

namespace Costate.Faces.Models;

/// <summary>The networks of the last run and what was inverted with them, kept for a next run that wants the same.</summary>
/// <remarks>One thread at a time. What is on it belongs to it: a run borrows.</remarks>
internal sealed class NetworkShelf : IDisposable
{
    private const int MaxLatents = 8;

    private readonly List<(string Key, InvertedSample Inverted)> latents = [];
    private (string Key, IDisposable Networks)? kept;

    /// <summary>Networks under a key: those that are there, or loaded in place of them.</summary>
    internal T Networks<T>(string key, Func<T> load)
        where T : class, IDisposable
    {
        if (kept is var (same, networks) && same == key && networks is T found)
        {
            return found;
        }

        kept?.Networks.Dispose();
        kept = null;

        // On a thread of their own they are in no dispose scope, in which they would end with the run.
        T loaded = Task.Factory.StartNew(load, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .GetAwaiter().GetResult();
        kept = (key, loaded);
        return loaded;
    }

    /// <summary>The model as one run has it: the run may dispose it, and the networks stay.</summary>
    internal static Model Borrowed(Model model) => model.With(model.Denoiser);

    /// <summary>What was inverted under a key; it is inverted if it is not there.</summary>
    internal InvertedSample Inverted(string key, Func<InvertedSample> invert)
    {
        int at = latents.FindIndex(latent => latent.Key == key);
        if (at >= 0)
        {
            return latents[at].Inverted;
        }

        InvertedSample inverted = invert();
        inverted.State.LeaveAllScopes();
        latents.Add((key, inverted));
        if (latents.Count > MaxLatents)
        {
            latents[0].Inverted.State.Dispose();
            latents.RemoveAt(0);
        }

        return inverted;
    }

    public void Dispose()
    {
        foreach ((_, InvertedSample inverted) in latents)
        {
            inverted.State.Dispose();
        }

        latents.Clear();
        kept?.Networks.Dispose();
        kept = null;
    }
}
