using System.Reflection;
using Costate.Testing;
using TorchSharp;
using Xunit.v3;

[assembly: LeakCheck]

namespace Costate.Testing;

/// <summary>Fails a test after which other tensors are alive than before it.</summary>
/// <remarks>
/// TorchSharp counts what lives on a thread. A test that ends on another thread than it began on is judged by the
/// tensors of the whole process instead, and only for more of them: the garbage collector may take some at any time.
/// The test class is made before this check begins and disposed after it ends, so a tensor made in its constructor and
/// disposed in its <c>Dispose</c> does not count.
/// </remarks>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class LeakCheckAttribute : BeforeAfterTestAttribute
{
    private Counts _before;

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        // A thread takes over the number of torch's threads when it asks for it. Until then it has that of OMP_NUM_THREADS, or all cores.
        _ = torch.get_num_threads();
        _before = Counts.Now();
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        Counts after = Counts.Now();
        long more = after.Thread == _before.Thread
            ? after.OfThread - _before.OfThread
            : Math.Max(0, after.OfProcess - _before.OfProcess);
        if (more > 0)
        {
            Assert.Fail(
                $"The test leaves {more} tensors or modules alive. Dispose them, or begin with: using var scope = torch.NewDisposeScope();"
            );
        }

        if (more < 0)
        {
            Assert.Fail($"The test disposed {-more} tensors or modules that were there before it.");
        }
    }

    private readonly record struct Counts(int Thread, long OfThread, long OfProcess)
    {
        public static Counts Now() => new(
            Environment.CurrentManagedThreadId,
            DisposeScopeManager.Statistics.ThreadTotalLiveCount,
            torch.Tensor.TotalCount);
    }
}
