using TorchSharp;

namespace Costate.Testing;

/// <summary>Part of every test project: what all its tests rely on.</summary>
public sealed class TestProcessTests
{
    [Fact]
    public void Assembly_IsUnderTheLeakCheck() =>
        Assert.NotEmpty(typeof(TestProcessTests).Assembly.GetCustomAttributes(typeof(LeakCheckAttribute), inherit: false));

    [Fact]
    public void Process_HasOneTorchThread() => Assert.Equal(1, torch.get_num_threads());

    [Fact]
    public void Process_HasTheTurn() =>
        Assert.Throws<IOException>(() => TorchTestProcess.TakeTurn().Dispose());
}
