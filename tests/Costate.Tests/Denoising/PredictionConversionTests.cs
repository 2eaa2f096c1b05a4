namespace Costate.Tests;

public sealed class PredictionConversionTests
{
    private const double Alpha = 0.6;
    private const double Sigma = 0.7;
    private const double Data = 1.3;
    private const double Noise = -0.4;
    private const double State = (Alpha * Data) + (Sigma * Noise);

    [Fact]
    public void Between_AllKinds_IsWhatTheyMean()
    {
        foreach (Prediction from in Enum.GetValues<Prediction>())
        {
            foreach (Prediction to in Enum.GetValues<Prediction>())
            {
                PredictionConversion conversion = PredictionConversion.Between(from, to, Alpha, Sigma);
                Assert.Equal(Value(to), (conversion.State * State) + (conversion.Output * Value(from)), 1e-14);
            }
        }
    }

    [Theory]
    [InlineData(Prediction.Velocity)]
    [InlineData(Prediction.Flow)]
    [InlineData(Prediction.NegativeVelocity)]
    [InlineData(Prediction.NegativeFlow)]
    public void Velocities_SayDataAndNoiseAtBothEnds(Prediction from)
    {
        foreach ((double alpha, double sigma) in new[] { (1.0, 0.0), (0.0, 1.0) })
        {
            foreach (Prediction to in new[] { Prediction.Noise, Prediction.Data })
            {
                PredictionConversion conversion = PredictionConversion.Between(from, to, alpha, sigma);
                Assert.True(double.IsFinite(conversion.State) && double.IsFinite(conversion.Output));
            }
        }
    }

    [Fact]
    public void Checked_NamesTheTimeWhereAPredictionSaysNothing()
    {
        SchedulePoint start = SchedulePoint.At(NoiseSchedule.VpCosine(), 1);
        string message = Assert
            .Throws<InvalidOperationException>(() => PredictionConversion.Checked(Prediction.Noise, Prediction.Data, start))
            .Message;
        Assert.Contains("at time 1", message, StringComparison.Ordinal);
        Assert.Contains("alpha = 0", message, StringComparison.Ordinal);
    }

    private static double Value(Prediction kind) => kind switch
    {
        Prediction.Noise => Noise,
        Prediction.Data => Data,
        Prediction.Velocity => (Alpha * Noise) - (Sigma * Data),
        Prediction.Flow => Noise - Data,
        Prediction.NegativeVelocity => (Sigma * Data) - (Alpha * Noise),
        Prediction.NegativeFlow => Data - Noise,
        _ => -Noise / Sigma,
    };
}
