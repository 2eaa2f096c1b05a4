using System.Runtime.InteropServices;

namespace Costate.Cli;

/// <summary>Turns the first Ctrl-C (or a request to terminate) into a cancellation; the second ends the process as usual.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly TextWriter messages;
    private readonly PosixSignalRegistration[] registrations;

    internal Interrupt(TextWriter messages)
    {
        this.messages = messages;
        registrations = [Register(PosixSignal.SIGINT), Register(PosixSignal.SIGTERM)];
    }

    internal CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in registrations)
        {
            registration.Dispose();
        }

        source.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        if (!source.IsCancellationRequested)
        {
            context.Cancel = true;
            messages.WriteLine();
            messages.WriteLine("Stopping after the network evaluation in progress. Ctrl-C again stops at once.");
            source.Cancel();
        }
    });
}
