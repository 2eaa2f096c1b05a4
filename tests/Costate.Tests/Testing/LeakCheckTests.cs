using Costate.Testing;
using Xunit.Sdk;
using static TorchSharp.torch;

namespace Costate.Tests.Testing;

/// <summary>The check that every test stands under, tried on leaks made on purpose.</summary>
public sealed class LeakCheckTests
{
    private readonly LeakCheckAttribute _check = new();

    [Fact]
    public void After_TensorLeft_Fails()
    {
        _check.Before(null!, null!);
        using Tensor left = ones(3);

        var failure = Assert.Throws<FailException>(() => _check.After(null!, null!));

        Assert.Contains("leaves 1 tensors", failure.Message);
    }

    [Fact]
    public void After_TensorLeftInOuterScope_Fails()
    {
        using var outer = NewDisposeScope();
        _check.Before(null!, null!);
        _ = ones(3) + 1;

        Assert.Throws<FailException>(() => _check.After(null!, null!));
    }

    [Fact]
    public void After_OnAnotherThread_TensorLeft_Fails()
    {
        _check.Before(null!, null!);
        using Tensor left = ones(3);
        Exception? failure = null;
        var other = new Thread(() => failure = Record.Exception(() => _check.After(null!, null!)));
        other.Start();
        other.Join();

        Assert.IsType<FailException>(failure);
    }

    [Fact]
    public void After_ForeignTensorDisposed_Fails()
    {
        Tensor foreign = ones(3);
        _check.Before(null!, null!);
        foreign.Dispose();

        Assert.Throws<FailException>(() => _check.After(null!, null!));
    }

    [Fact]
    public void After_AllDisposed_Passes()
    {
        _check.Before(null!, null!);
        using (NewDisposeScope())
        {
            _ = ones(3) + 1;
        }

        _check.After(null!, null!);
    }
}
