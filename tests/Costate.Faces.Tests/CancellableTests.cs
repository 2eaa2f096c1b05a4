
namespace Costate.Faces.Tests;

public sealed class CancellableTests
{
    [Fact]
    public void WorkThatNeverEnds_IsLeftBehind()
    {
        using var never = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Cancellable.Run(
            () =>
            {
                cancel.Cancel();
                never.Wait();
                return 1;
            },
            cancel.Token));
        never.Set();
    }

    [Fact]
    public void ResultsAndErrors_AreThoseOfTheWork()
    {
        Assert.Equal(3, Cancellable.Run(() => 3, default));
        Assert.Equal(
            "broken",
            Assert.Throws<InvalidDataException>(() => Cancellable.Run<int>(() => throw new InvalidDataException("broken"), default)).Message
        );
    }
}
