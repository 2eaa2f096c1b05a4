using Costate.Processes.Tests.Build;
using Costate.Testing;

namespace Costate.Processes.Tests.Samples;

/// <summary>Runs a program of samples/ as its reader does.</summary>
[LongProof]
[Collection(Builds.OneAtATime)]
public sealed class PrintedSampleTests
{
    [Fact]
    public void Quickstart_GradientIsTheDifference()
    {
        string output = SampleProgram.RunAsPrinted("quickstart.cs");
        double autograd = SampleProgramTests.Number(output, @"autograd dL/dx_T\s+(\S+)");
        Assert.Equal(SampleProgramTests.Number(output, @"difference\s+(\S+)"), autograd, 1e-5);
        Assert.Equal(SampleProgramTests.Number(output, @"Discrete\(\)\s+loss\s+\S+\s+dL/dx_T\s+(\S+)"), autograd, 1e-6);
        Assert.Contains("20 network evaluations, 20 vector-Jacobian products", output, StringComparison.Ordinal);
    }
}
