using System.Runtime.CompilerServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Sums what backward passes give to parameters, and leaves their <c>grad</c>, which torch writes to, as the caller had it. Holds the
/// parameters meanwhile: another thread that wants gradients of one of them waits.
/// </summary>
internal sealed class ParameterGradients : IDisposable
{
    // The engine writes to a field of the parameter, so whoever uses it must have it alone. Freed with the parameter.
    private static readonly ConditionalWeakTable<Parameter, Gate> Gates = [];

    private readonly IReadOnlyList<Parameter> parameters;
    private readonly Gate[] gates;
    private readonly Tensor?[] callers;
    private readonly Tensor[] sums;
    private readonly bool alwaysCollects;
    private bool collects;

    /// <summary>Begins with sums of zero.</summary>
    /// <param name="parameters">Each once. Frozen ones get zeros.</param>
    /// <param name="dtype">The dtype that the network computes in.</param>
    internal ParameterGradients(IReadOnlyList<Parameter> parameters, ScalarType dtype)
    {
        this.parameters = parameters;
        gates = Enter(parameters);
        Trainable = [.. parameters.Where(p => p.requires_grad)];
        alwaysCollects = collects = dtype == ScalarType.Float16 || Trainable.Any(p => Precision.AtLeastSingle(p.dtype) != p.dtype);
        callers = [.. parameters.Select(p => p.grad)];
        sums = [.. parameters.Select(p => zeros_like(p, dtype: Precision.AtLeastSingle(p.dtype), requires_grad: false))];

        Prepare();
    }

    /// <summary>Those that get gradients.</summary>
    internal IReadOnlyList<Parameter> Trainable { get; }

    internal bool IsEmpty => Trainable.Count == 0;

    /// <summary>
    /// Adds what the last backward pass left, divided by the factor of its cotangent, where torch did not add it up itself.
    /// </summary>
    internal void Collect(Tensor? factor)
    {
        for (int i = 0; collects && i < sums.Length; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            if (parameters[i].grad is Tensor gradient)
            {
                sums[i].add_(CotangentScale.Undo(Precision.As(gradient, sums[i].dtype), factor));
                parameters[i].grad = null;
            }
        }
    }

    /// <summary>
    /// Whether the passes to come leave their gradients apart until they are collected, so that what a failed pass left can be discarded.
    /// </summary>
    internal void Separate(bool separate)
    {
        if (collects != (separate || alwaysCollects))
        {
            collects = !collects;
            Prepare();
        }
    }

    /// <summary>Discards what a failed pass has left apart.</summary>
    internal void Discard() => Prepare();

    /// <summary>The sums, one for each parameter, with at least 32 bits; zeros where none arrived.</summary>
    internal Tensor[] Take() => sums;

    public void Dispose()
    {
        for (int i = 0; i < callers.Length; i++)
        {
            parameters[i].grad = callers[i];
            callers[i]?.Dispose();
        }

        Leave(gates);
    }

    /// <summary>Does something to the parameters while no one else does.</summary>
    internal static void Alone(IReadOnlyList<Parameter> parameters, Action action)
    {
        Gate[] gates = Enter(parameters);
        try
        {
            action();
        }
        finally
        {
            Leave(gates);
        }
    }

    // Always in one order, so that no two threads wait for each other.
    private static Gate[] Enter(IReadOnlyList<Parameter> parameters)
    {
        Gate[] gates = [.. parameters.Select(parameter => Gates.GetValue(parameter, _ => new Gate())).OrderBy(gate => gate.Number)];
        foreach (Gate gate in gates)
        {
            Monitor.Enter(gate);
        }

        return gates;
    }

    private static void Leave(Gate[] gates)
    {
        foreach (Gate gate in gates)
        {
            Monitor.Exit(gate);
        }
    }

    // A gradient that torch makes itself may share its memory with others; into one that is there it adds.
    private void Prepare()
    {
        for (int i = 0; i < sums.Length; i++)
        {
            parameters[i].grad = collects || !parameters[i].requires_grad ? null : sums[i];
        }
    }

    private sealed class Gate
    {
        private static long count;

        internal long Number { get; } = Interlocked.Increment(ref count);
    }
}
