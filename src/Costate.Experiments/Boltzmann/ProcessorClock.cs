using System.Diagnostics;

namespace Costate.Experiments.Boltzmann;

/// <summary>Seconds of the processor since it was made: what neighbours do on the machine changes little of them.</summary>
internal sealed class ProcessorClock : IDisposable
{
    private readonly Process process = Process.GetCurrentProcess();
    private readonly TimeSpan began;

    internal ProcessorClock() => began = process.TotalProcessorTime;

    internal double Seconds
    {
        get
        {
            process.Refresh();
            return Math.Round((process.TotalProcessorTime - began).TotalSeconds, 2);
        }
    }

    public void Dispose() => process.Dispose();
}
