namespace Costate.Faces;

/// <summary>Tells of progress at once, on the thread that reports it.</summary>
internal sealed class Listener<T>(Action<T> tell) : IProgress<T>
{
    public void Report(T value) => tell(value);
}
