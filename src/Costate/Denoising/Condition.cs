using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The condition z of a network: a bundle of named tensors, each one for the whole run or one for each interval of the grid. Most networks
/// take a bundle of one, which needs no name.
/// </summary>
/// <remarks>
/// A tensor converts to a constant bundle of one by itself. A condition does not own its tensors. Gradients have the same names.
/// </remarks>
public sealed class Condition
{
    /// <summary>The name of the tensor of a bundle of one that was given none.</summary>
    internal const string OnlyName = "z";

    internal Condition(IReadOnlyList<ConditionEntry> entries) => Entries = entries;

    /// <summary>The names, in the order given; <c>z</c> for a tensor that was given none.</summary>
    public IReadOnlyList<string> Names => [.. Entries.Select(entry => entry.Name)];

    /// <summary>
    /// The tensor of a bundle of one: [batch, ...], or [steps, batch, ...] if scheduled. Gradients with respect to it have this shape.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is a bundle of several.</exception>
    public Tensor Values => Entries.Count == 1
        ? Entries[0].Values
        : throw new InvalidOperationException(
            $"This condition is a bundle of {string.Join(", ", Names)}. Take one of them by its name, condition[\"{Names[0]}\"]; "
                + $"a network that takes a bundle is one of {nameof(Denoiser.FromFunction)}((Tensor x, Tensor t, Condition? z) => ...).");

    /// <summary>Whether a tensor of it is one for each interval of the grid.</summary>
    public bool IsScheduled => Entries.Any(entry => entry.IsScheduled);

    /// <summary>Whether all of it is the same in the whole run.</summary>
    internal bool IsConstant => Entries.All(entry => entry.BatchDimension == 0);

    /// <summary>The tensors, with what they are for.</summary>
    internal IReadOnlyList<ConditionEntry> Entries { get; }

    /// <summary>A tensor by its name: [batch, ...], or [steps, batch, ...] if scheduled.</summary>
    /// <exception cref="InputException">There is none of that name.</exception>
    public Tensor this[string name] => Find(name)?.Values
        ?? throw new InputException(nameof(name), $"'{name}'", $"one of {string.Join(", ", Names)}");

    /// <summary>A bundle of named tensors that do not change.</summary>
    /// <param name="tensors">Names and tensors [batch, ...], of any dtype; only floating-point ones have a gradient. At least one.</param>
    /// <exception cref="InputException">There is none, or a name is empty or stands twice.</exception>
    public static Condition Of(params (string Name, Tensor Values)[] tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        return tensors.Length > 0
            ? tensors.Aggregate(new Condition([]), (bundle, each) => bundle.Find(each.Name) is null
                ? bundle.With(each.Name, each.Values)
                : throw new InputException(nameof(tensors), $"'{each.Name}' twice", "names that differ"))
            : throw new InputException(nameof(tensors), "no tensor", "at least one", "A network without condition is given null.");
    }

    /// <summary>A condition that does not change.</summary>
    /// <param name="z">[batch, ...], of any dtype; only floating-point conditions have a gradient.</param>
    public static Condition Constant(Tensor z) => Of((OnlyName, z));

    /// <summary>
    /// A condition for each interval of the grid (AdjointDEIS, Theorem 2.2): the network sees entry i at every evaluation of the
    /// step from grid time i to grid time i + 1, the evaluation at its start included.
    /// </summary>
    /// <param name="values">[steps, batch, ...], in the order of the grid.</param>
    public static Condition Scheduled(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.dim() >= 2
            ? new Condition([new ConditionEntry(OnlyName, values, IsScheduled: true)])
            : throw new ArgumentException(
                $"Got shape {Shapes.Text(values)}; a scheduled condition is [steps, batch, ...].",
                nameof(values));
    }

    /// <inheritdoc cref="Scheduled(Tensor)"/>
    /// <param name="values">One tensor [batch, ...] for each interval, all of one shape. They are stacked, which autograd follows.</param>
    public static Condition Scheduled(IReadOnlyList<Tensor> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Count > 0 && values.All(v => v.shape.AsSpan().SequenceEqual(values[0].shape))
            ? Scheduled(stack(values))
            : throw new ArgumentException(
                $"Got {values.Count} tensors of shapes {string.Join(", ", values.Select(Shapes.Text))}; "
                    + "a scheduled condition has one for each interval, all of one shape.",
                nameof(values));
    }

    /// <inheritdoc cref="Scheduled(Tensor)"/>
    /// <param name="values">
    /// One constant bundle for each interval, all of the same names and shapes. Tensors are stacked, which autograd follows; one that is
    /// the same in all of them stays constant.
    /// </param>
    /// <exception cref="InputException">There is none, or names or shapes differ, or one is scheduled itself.</exception>
    public static Condition Scheduled(IReadOnlyList<Condition> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        string[] texts = [.. values.Select(each => string.Join(", ", each.Entries.Select(e => $"{e.Name} {Shapes.Text(e.Values)}")))];
        return values.Count > 0 && texts.Distinct().Count() == 1 && values.All(each => each.IsConstant)
            ? values[0].Map(entry => values.All(each => ReferenceEquals(each[entry.Name], entry.Values))
                ? entry
                : entry with { Values = stack([.. values.Select(each => each[entry.Name])]), IsScheduled = true })
            : throw new InputException(
                nameof(values),
                values.Count == 0 ? "none" : string.Join("; ", texts.Distinct()),
                "one constant bundle for each interval, all of the same names and shapes");
    }

    /// <summary>
    /// A condition that moves continuously in time (AdjointDEIS, Theorem 2.2, for a continuous z): the network sees, at the time of each
    /// evaluation, a curve through the values at knots. Gradients are those at the knots.
    /// </summary>
    /// <remarks>A multistep solver keeps its order under it, which it does not where a scheduled condition jumps.</remarks>
    /// <param name="times">The times of the knots in [0, 1], at least two, strictly falling or rising; they span the grid.</param>
    /// <param name="values">[knots, batch, ...], floating point, in the order of <paramref name="times"/>.</param>
    /// <param name="interpolation">How it moves between them. The default is a natural cubic spline.</param>
    /// <exception cref="InputException">The times are too few, out of order or outside [0, 1], the values are not one for each, or are
    /// integers.</exception>
    public static Condition Interpolated(double[] times, Tensor values, Interpolation interpolation = Interpolation.Cubic)
    {
        ArgumentNullException.ThrowIfNull(values);
        KnotCurve curve = Curve(times, interpolation);
        return values.dim() >= 2 && values.shape[0] == times.Length && values.is_floating_point()
            ? new Condition([new ConditionEntry(OnlyName, values) { Curve = curve }])
            : throw new InputException(
                nameof(values),
                $"shape {Shapes.Text(values)} and dtype {values.dtype}",
                $"[{times.Length}, batch, ...] of floating point for {times.Length} knots");
    }

    /// <inheritdoc cref="Interpolated(double[], Tensor, Interpolation)"/>
    /// <param name="times">The times of the knots in [0, 1], at least two, strictly falling or rising; they span the grid.</param>
    /// <param name="values">
    /// One constant bundle for each knot, all of the same names and shapes. Tensors are stacked, which autograd follows; one that is the
    /// same in all of them stays constant.
    /// </param>
    /// <param name="interpolation">How it moves between them. The default is a natural cubic spline.</param>
    public static Condition Interpolated(
        double[] times, IReadOnlyList<Condition> values, Interpolation interpolation = Interpolation.Cubic)
    {
        ArgumentNullException.ThrowIfNull(values);
        KnotCurve curve = Curve(times, interpolation);
        Condition knots = Scheduled(values);
        return values.Count == times.Length && knots.Entries.All(entry => !entry.IsScheduled || entry.Values.is_floating_point())
            ? knots.Map(entry => entry.IsScheduled ? entry with { IsScheduled = false, Curve = curve } : entry)
            : throw new InputException(
                nameof(values), $"{values.Count} bundles", $"one for each of {times.Length} knots, integers the same in all of them");
    }

    /// <summary>A constant condition; null stays null.</summary>
    /// <param name="z">[batch, ...] or null.</param>
    public static implicit operator Condition?(Tensor? z) => z is null ? null : Constant(z);

    /// <summary>The same bundle with another tensor under a name, or with one more.</summary>
    /// <param name="name">The name, not empty.</param>
    /// <param name="values">[batch, ...]; it does not change in the run.</param>
    /// <exception cref="InputException">The name is empty.</exception>
    public Condition With(string name, Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (string.IsNullOrWhiteSpace(name))
        {
            throw new InputException(nameof(name), "an empty name", "the name that the network knows the tensor by");
        }

        var named = new ConditionEntry(name, values);
        return Find(name) is not null ? Map(entry => entry.Name == name ? named : entry) : new Condition([.. Entries, named]);
    }

    private static KnotCurve Curve(double[] times, Interpolation interpolation)
    {
        ArgumentNullException.ThrowIfNull(times);
        bool Ordered(Func<double, double, bool> follows) => times.Zip(times.Skip(1)).All(pair => follows(pair.First, pair.Second));
        return times.Length >= 2 && times.All(t => t is >= 0 and <= 1) && (Ordered((a, b) => a < b) || Ordered((a, b) => a > b))
            ? new KnotCurve(times, interpolation)
            : throw new InputException(
                nameof(times), $"{string.Join(", ", times)}", "at least two times in [0, 1], strictly falling or rising");
    }

    /// <summary>The entry of a name, or null.</summary>
    internal ConditionEntry? Find(string name) => Entries.FirstOrDefault(entry => entry.Name == name);

    /// <summary>The same with gradients of those tensors alone that have one and are wanted.</summary>
    internal Condition KeepGradients(Func<ConditionEntry, bool> wanted) =>
        Map(entry => entry with { HasGradient = entry.HasGradient && wanted(entry) });

    /// <summary>The same bundle with each entry changed.</summary>
    internal Condition Map(Func<ConditionEntry, ConditionEntry> change) => new([.. Entries.Select(change)]);

    /// <summary>The same bundle with other tensors, in the order of its entries.</summary>
    internal Condition WithValues(IReadOnlyList<Tensor> values) =>
        new([.. Entries.Zip(values, (entry, its) => entry with { Values = its })]);

    /// <summary>The entries of a role as a bundle that a network takes; null if there are none.</summary>
    internal Condition? Of(ConditionRole role) =>
        Entries.Where(entry => entry.Role == role).ToArray() is { Length: > 0 } its ? new Condition(its) : null;

    /// <summary>The entries of other roles; null if there are none.</summary>
    internal Condition? Without(ConditionRole role) =>
        Entries.Where(entry => entry.Role != role).ToArray() is { Length: > 0 } others ? new Condition(others) : null;

    /// <summary>What the network sees at a point, in the caller's dispose scope.</summary>
    internal Condition At(EvaluationPoint at) => Map(entry => entry.At(at));

    /// <summary>The same for some items of the batch, by their numbers.</summary>
    internal Condition ForItems(Tensor items) => Map(entry => entry.ForItems(items));
}
