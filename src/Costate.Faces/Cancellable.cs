namespace Costate.Faces;

/// <summary>
/// Work that nothing interrupts (opening a pipe, a table of a hundred thousand steps), on a thread that is left behind, with the process,
/// when the user gives up.
/// </summary>
internal static class Cancellable
{
    /// <summary>The result of work that touches no tensor.</summary>
    /// <exception cref="OperationCanceledException">The user gave up first.</exception>
    internal static T Run<T>(Func<T> work, CancellationToken cancellationToken)
    {
        Task<T> running = Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task.WaitAny([running], cancellationToken);
        return running.GetAwaiter().GetResult();
    }
}
