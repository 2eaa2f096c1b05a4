
namespace Costate.Faces.Tests;

public sealed class AvailableMemoryTests
{
    [Fact]
    public void MoreThanThereIs_IsRefusedWithBothNumbers()
    {
        string message = Assert
            .Throws<InputException>(() => AvailableMemory.Require("shape", "3,8,8", 2.5e12, "Make it smaller.", available: 16_000_000_000))
            .Message;
        Assert.Equal(
            "Got 3,8,8, which takes at least 2,500 GB of memory for shape; it must be what fits into the 16 GB that are available. "
                + "Make it smaller.",
            message);
    }

    [Fact]
    public void AsMuchAsThereIs_Fits() => AvailableMemory.Require("shape", "3,8,8", 16e9, "", available: 16_000_000_000);

    [Fact]
    public void ThisMachine_HasSome()
    {
        AvailableMemory.Require("shape", "3,8,8", 1 << 20, "");
        Assert.Throws<InputException>(() => AvailableMemory.Require("shape", "3,8,8", double.PositiveInfinity, ""));
    }
}
