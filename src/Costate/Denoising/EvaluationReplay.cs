using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Makes a repeated evaluation of the network give the output of the first: the gradient is then that of the sample that was returned.
/// </summary>
/// <remarks>
/// The default generator goes back to where it was before the first evaluation, as in torch's own checkpointing, so a network that draws
/// (dropout) draws the same numbers; afterwards it is where the caller had it. Some hundred values of each output are kept, and a repeated
/// output that differs from them is refused: the network keeps a state of its own, or draws from another generator. Costs no evaluation.
/// </remarks>
/// <param name="comparesOutputs">Whether values of the outputs are kept, two kilobytes an evaluation.</param>
internal sealed class EvaluationReplay(bool comparesOutputs)
{
    private const int Values = 256;

    private readonly Dictionary<EvaluationPoint, First> evaluations = [];

    // A native object with a finalizer, which torch.random makes anew at every question.
    private readonly Generator generator = Generator.Default;
    private byte[] generatorState = [];
    private First? latest;
    private double[]? firstOutput;

    /// <summary>An evaluation at a row: the first is kept, a later one is made equal to it and compared.</summary>
    /// <param name="at">Where.</param>
    /// <param name="dtype">The dtype that the network computes in.</param>
    /// <param name="evaluate">The evaluation.</param>
    internal Tensor Evaluate(EvaluationPoint at, ScalarType dtype, Func<Tensor> evaluate)
    {
        if (evaluations.TryGetValue(at, out First? first))
        {
            Tensor again = Replayed(first, evaluate);
            if (first.Output is double[] kept)
            {
                Compare(at, kept, Sampled(again), dtype);
            }

            return again;
        }

        byte[] before = GeneratorState();
        Tensor output = evaluate();
        double[]? values = comparesOutputs || firstOutput is null ? Sampled(output) : null;
        firstOutput ??= values;
        evaluations[at] = latest = new First(before, comparesOutputs ? values : null);
        return output;
    }

    /// <summary>Something with the random numbers of the first evaluation at a row.</summary>
    internal Tensor Repeat(EvaluationPoint at, Func<Tensor> evaluate) => Replayed(evaluations[at], evaluate);

    /// <summary>Compares an output with that of the first evaluation of all, which is always kept.</summary>
    internal void Check(EvaluationPoint at, ScalarType dtype, Tensor output) => Compare(at, firstOutput!, Sampled(output), dtype);

    // The generator is the process's: it is touched only for a network that draws.
    private Tensor Replayed(First first, Func<Tensor> evaluate)
    {
        if (first == latest)
        {
            GeneratorState();
        }

        if (!first.Draws)
        {
            return evaluate();
        }

        using Tensor now = generator.get_state(), then = tensor(first.Generator, device: CPU);
        generator.set_state(then);
        try
        {
            return evaluate();
        }
        finally
        {
            generator.set_state(now);
        }
    }

    // One question an evaluation: where the generator is before one, it was left by that before it, or by the caller's functions since,
    // which then count as drawing of the network's. States that are the same share their bytes.
    private byte[] GeneratorState()
    {
        using Tensor now = generator.get_state();
        if (!now.bytes.SequenceEqual(generatorState))
        {
            generatorState = now.bytes.ToArray();
        }

        if (latest is not null)
        {
            latest.Draws = latest.Generator != generatorState;
            latest = null;
        }

        return generatorState;
    }

    private static void Compare(EvaluationPoint at, double[] before, double[] after, ScalarType dtype)
    {
        // TorchScript's first calls may differ from later ones in their last bits, and kernels with a graph from those without.
        double tolerance = dtype switch { ScalarType.Float64 => 1e-9, ScalarType.Float32 => 1e-3, _ => 5e-2 };
        double largest = before.Max(Math.Abs);
        double difference = before.Zip(after, (a, b) => Math.Abs(a - b)).Max();
        if (difference > tolerance * largest)
        {
            throw new InvalidOperationException(
                $"The network is not deterministic: evaluated again at step {at.Interval} "
                    + FormattableString.Invariant($"(time {at.Time:R}), ")
                    + FormattableString.Invariant($"its output differs by {difference / largest:G2} of its largest value, ")
                    + "so this gradient would not be that of the sample. Keep it from changing between calls (a counter, a cache, "
                    + "a generator of its own), put its module into "
                    + $"evaluation mode, or use {nameof(GradientMethod)}.{nameof(GradientMethod.Unrolled)}(), which evaluates it once.");
        }
    }

    private static double[] Sampled(Tensor output)
    {
        // An odd stride meets all columns of an image.
        long count = output.numel(), stride = (count / Values) | 1;
        if (
            output.dtype == ScalarType.Float32
            && output.device_type == DeviceType.CPU
            && output.is_contiguous()
            && count < int.MaxValue / sizeof(float))
        {
            // The usual case, read where it lies.
            ReadOnlySpan<float> all = MemoryMarshal.Cast<byte, float>(output.bytes);
            double[] values = new double[(count + stride - 1) / stride];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = all[(int)(i * stride)];
            }

            return values;
        }

        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        return output.detach().reshape(-1).slice(0, 0, count, stride).to(ScalarType.Float64).cpu().data<double>().ToArray();
    }

    /// <param name="generator">The state of the generator before.</param>
    /// <param name="output">Some values of the output, where they are compared.</param>
    private sealed class First(byte[] generator, double[]? output)
    {
        internal byte[] Generator => generator;

        internal double[]? Output => output;

        /// <summary>Whether the network drew from the generator.</summary>
        internal bool Draws { get; set; }
    }
}
