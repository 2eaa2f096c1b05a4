namespace Costate;

/// <summary>
/// Tells the garbage collector of native memory that only it can free: a tape whose sample was dropped without a backward pass. It sees
/// small handles, and would let gigabytes behind them wait.
/// </summary>
internal sealed class MemoryPressure : IDisposable
{
    private long bytes;

    internal MemoryPressure(long bytes)
    {
        this.bytes = bytes;
        if (bytes > 0)
        {
            GC.AddMemoryPressure(bytes);
        }
    }

    ~MemoryPressure() => Release();

    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        if (bytes > 0)
        {
            GC.RemoveMemoryPressure(bytes);
            bytes = 0;
        }
    }
}
