using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A prediction of one kind as a combination of the network's input and its output of another kind: <c>State x + Output y</c>.
/// </summary>
internal readonly record struct PredictionConversion(double State, double Output)
{
    /// <summary>The output itself.</summary>
    internal static PredictionConversion None { get; } = new(0, 1);

    internal bool IsIdentity => State == 0 && Output == 1;

    internal bool IsFinite => double.IsFinite(State) && double.IsFinite(Output);

    /// <summary>
    /// The cotangent of the network's input: of what a cotangent of the prediction became on its way through the network, and of that which
    /// goes past it. A new tensor in the caller's dispose scope.
    /// </summary>
    /// <param name="product">Through the network; null for zero.</param>
    /// <param name="cotangent">Of the prediction.</param>
    /// <param name="before">What the cotangent of the input comes to without them; null for zero.</param>
    internal Tensor PullBack(Tensor? product, Tensor cotangent, Tensor? before = null)
    {
        List<(Tensor, double)> terms = new(capacity: 3);
        Add(product, 1);
        Add(State == 0 ? null : cotangent, State);
        Add(before, 1);
        return WeightedSum.Of(CollectionsMarshal.AsSpan(terms)) ?? zeros_like(cotangent, requires_grad: false);

        void Add(Tensor? term, double weight)
        {
            if (term is not null)
            {
                terms.Add((term, weight));
            }
        }
    }

    /// <summary>The conversion at the point of a schedule with these scales.</summary>
    internal static PredictionConversion Between(Prediction from, Prediction to, double alpha, double sigma)
    {
        if (from == to)
        {
            return None;
        }

        if (Opposite(from) is { } opposite)
        {
            PredictionConversion conversion = Between(opposite, to, alpha, sigma);
            return conversion with { Output = -conversion.Output };
        }

        return to switch
        {
            Prediction.NegativeVelocity or Prediction.NegativeFlow => Mix(-1, Between(from, Opposite(to)!.Value, alpha, sigma), 0, default),
            Prediction.Noise => ToNoise(from, alpha, sigma),
            Prediction.Data => ToData(from, alpha, sigma),
            Prediction.Velocity => Mix(alpha, ToNoise(from, alpha, sigma), -sigma, ToData(from, alpha, sigma)),
            Prediction.Flow => Mix(1, ToNoise(from, alpha, sigma), -1, ToData(from, alpha, sigma)),
            Prediction.Score => Mix(-1 / sigma, ToNoise(from, alpha, sigma), 0, default),
            _ => throw new ArgumentOutOfRangeException(nameof(to), to, $"Got {to}; it is no prediction."),
        };
    }

    /// <summary>The same, refused where it does not exist.</summary>
    internal static PredictionConversion Checked(Prediction from, Prediction to, SchedulePoint at)
    {
        PredictionConversion conversion = Between(from, to, at.Alpha, at.Sigma);
        return conversion.IsFinite
            ? conversion
            : throw new InvalidOperationException(
                $"A network that predicts {from} says nothing of {to} at time {at.Time}, where alpha = {at.Alpha:G6} and sigma = "
                    + $"{at.Sigma:G6}. Move that end of the grid inwards.");
    }

    // What it is the negative of.
    private static Prediction? Opposite(Prediction prediction) => prediction switch
    {
        Prediction.NegativeVelocity => Prediction.Velocity,
        Prediction.NegativeFlow => Prediction.Flow,
        _ => null,
    };

    private static PredictionConversion ToNoise(Prediction from, double alpha, double sigma) => from switch
    {
        Prediction.Noise => new(0, 1),
        Prediction.Data => new(1 / sigma, -alpha / sigma),
        Prediction.Velocity => new(sigma / Squares(alpha, sigma), alpha / Squares(alpha, sigma)),
        Prediction.Flow => new(1 / (alpha + sigma), alpha / (alpha + sigma)),
        Prediction.Score => new(0, -sigma),
        _ => throw new ArgumentOutOfRangeException(nameof(from), from, $"Got {from}; it is no prediction."),
    };

    private static PredictionConversion ToData(Prediction from, double alpha, double sigma) => from switch
    {
        Prediction.Noise => new(1 / alpha, -sigma / alpha),
        Prediction.Data => new(0, 1),
        Prediction.Velocity => new(alpha / Squares(alpha, sigma), -sigma / Squares(alpha, sigma)),
        Prediction.Flow => new(1 / (alpha + sigma), -sigma / (alpha + sigma)),
        Prediction.Score => new(1 / alpha, sigma * sigma / alpha),
        _ => throw new ArgumentOutOfRangeException(nameof(from), from, $"Got {from}; it is no prediction."),
    };

    private static double Squares(double alpha, double sigma) => (alpha * alpha) + (sigma * sigma);

    private static PredictionConversion Mix(double a, PredictionConversion x, double b, PredictionConversion y) =>
        new((a * x.State) + (b * y.State), (a * x.Output) + (b * y.Output));
}
