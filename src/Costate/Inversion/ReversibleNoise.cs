using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The two states of a reversible solver from which it draws a sample again, bit for bit; one of them alone would not be enough.
/// </summary>
public sealed class ReversibleNoise : NoiseState
{
    /// <summary>States read from a file, say.</summary>
    /// <param name="states">Two, each [batch, ...], in 64 bits.</param>
    /// <param name="remainders">What 64 bits leave of each state, of its shape and dtype; null for nothing.</param>
    /// <param name="dtype">The dtype of samples.</param>
    /// <param name="settings">The settings that they hold under: <see cref="Sampler.Settings"/>.</param>
    /// <exception cref="ArgumentException">There are not two states, or shapes differ.</exception>
    public ReversibleNoise(
        IReadOnlyList<Tensor> states,
        IReadOnlyList<Tensor>? remainders,
        ScalarType dtype,
        IReadOnlyDictionary<string, string> settings)
        : base(First(states), dtype, settings)
    {
        if (remainders is not null && (remainders.Count != 2 || remainders.Any(r => r.dtype != Start.dtype || !Shapes.Equal(r, Start))))
        {
            throw new InputException(
                nameof(remainders),
                string.Join(", ", remainders.Select(r => $"{Shapes.Text(r)} {r.dtype}")),
                $"one for each state, {Shapes.Text(Start)} {Start.dtype}, or none");
        }

        States = [.. states];
        Remainders = remainders is null ? null : [.. remainders];
    }

    /// <summary>The two states, each [batch, ...]; the first is x_T.</summary>
    public IReadOnlyList<Tensor> States { get; }

    /// <summary>
    /// What 64 bits leave of each state, which is <c>States[i] + Remainders[i]</c>; null for nothing. With it the sample comes back bit for
    /// bit; without, to rounding.
    /// </summary>
    public IReadOnlyList<Tensor>? Remainders { get; }

    private protected override IEnumerable<Tensor?> Tensors => [.. States, .. Remainders ?? []];

    private static Tensor First(IReadOnlyList<Tensor> states)
    {
        ArgumentNullException.ThrowIfNull(states);
        return states.Count == 2 && Shapes.Equal(states[0], states[1])
            ? states[0]
            : throw new InputException(nameof(states), $"{states.Count} states of shapes {string.Join(", ", states.Select(Shapes.Text))}",
                "two of one shape");
    }
}
