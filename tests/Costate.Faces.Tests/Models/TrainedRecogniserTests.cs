using Costate.Faces.Models;
using Costate.Faces.Reports;

namespace Costate.Faces.Tests.Models;

public sealed class TrainedRecogniserTests
{
    [Theory]
    [InlineData("attack.seed", null)]
    [InlineData("attack.width", "wide")]
    [InlineData("attack.steps", "")]
    public void DamagedDescription_IsRefusedByName(string setting, string? value)
    {
        var told = new TrainedRecogniser("attack", "a.safetensors", "00", "arcface", 24, 11, 5000);
        SortedDictionary<string, Setting> described = Setting.Named([.. told.Describe()]);
        Assert.Equal(told, TrainedRecogniser.Of("attack", described));
        described.Remove(setting);
        if (value is not null)
        {
            described[setting] = value;
        }

        string message = Assert.Throws<InvalidDataException>(() => TrainedRecogniser.Of("attack", described)).Message;
        Assert.Contains(setting, message, StringComparison.Ordinal);
    }
}
