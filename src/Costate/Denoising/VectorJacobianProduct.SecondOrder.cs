using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <content>
/// Products from the right, and second derivatives. <c>J' w</c> with a graph of its own is linear in w, and its gradient along v is J v
/// (Townsend's double-VJP); its gradient with respect to x is that of <c>w' J v</c>.
/// </content>
internal sealed partial class VectorJacobianProduct
{
    // Gradients with a graph of their own. backward would do too, but it warns, the first time, of the cycle that x.grad makes then.
    // In TorchScript the errors of autograd.grad are ordinary exceptions. What is not reached is a tensor of no entries.
    private static readonly Lazy<jit.CompilationUnit> Script = new(() => jit.compile("""
        def gradients(value: Tensor, points: List[Tensor], cotangent: Tensor):
            cotangents: List[Optional[Tensor]] = [cotangent]
            found = torch.autograd.grad([value], points, cotangents, create_graph=True, allow_unused=True)
            result: List[Tensor] = []
            for each in found:
                if each is None:
                    result.append(torch.empty([0]))
                else:
                    result.append(each)
            return result

        """));

    /// <summary>
    /// The change of the output along directions of x and z, and of a cotangent on its way back. Once only: it frees the graph.
    /// </summary>
    /// <param name="x">The direction of x.</param>
    /// <param name="z">The directions of the condition's tensors; null is zero.</param>
    /// <param name="cotangent">The cotangent of the output and its own change; null where the change of the output alone is wanted.</param>
    /// <param name="what">What the function is, for error messages.</param>
    /// <exception cref="InvalidOperationException">The function has no second derivatives.</exception>
    internal SecondOrder Push(Tensor x, Tensor?[] z, (Tensor Cotangent, Tensor Change)? cotangent, Func<string> what)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withGraph = enable_grad();
        ConditionEntry[] entries = [.. (Z?.Entries ?? [])];
        if (!Output.requires_grad)
        {
            Tensor still = zeros_like(Output, requires_grad: false).MoveToOuterDisposeScope();
            return new SecondOrder(still, null, new Tensor?[entries.Length], null, new Tensor?[entries.Length]);
        }

        // Any cotangent gives J v; one without structure shows below whether all of it arrived.
        Tensor weight = (cotangent?.Cotangent ?? StartNoise.Draw([1, .. Output.shape], 0, Output.dtype, Output.device)[0])
            .to(Output.dtype);
        int[] moved = [.. entries.Index().Where(pair => pair.Item.HasGradient).Select(pair => pair.Index)];
        Tensor[] leaves = [X, .. moved.Select(i => entries[i].Values)];
        Tensor[] directions = [x, .. moved.Select(i => z[i] ?? zeros_like(entries[i].Values, requires_grad: false))];

        // Along a direction and with a cotangent that 16 bits can hold.
        Tensor? length = scales ? Scale(directions) : null, size = scales && cotangent is not null ? Scale([weight]) : null;
        directions = [.. directions.Select(direction => length is null ? direction : direction * length)];
        weight = (size is null ? weight : weight * size).detach().clone().requires_grad_(true);
        Tensor?[] pulled = Differentiable(leaves, weight, what);
        Tensor?[] changes = new Tensor?[leaves.Length];
        (Tensor Value, Tensor Direction)[] outputs =
        [
            .. pulled.Zip(directions).Where(pair => pair.First is { requires_grad: true }).Select(pair => (pair.First!, pair.Second)),
            .. cotangent is null ? [] : ((Tensor, Tensor)[])[(Output, Scaled(cotangent.Value.Change))],
        ];
        Tensor? tangent = null;
        if (outputs.Length > 0)
        {
            Differentiate(outputs, [weight, .. cotangent is null ? [] : leaves], what);
            tangent = Taken(weight, null);
            changes = cotangent is null ? changes : [.. leaves.Select(leaf => Undone(Undone(Taken(leaf, null), length), size))];
        }

        tangent ??= zeros_like(weight, requires_grad: false);
        CheckComplete(weight, tangent, pulled, directions, what);
        return new SecondOrder(
            Out(Undone(tangent, length))!,
            Out(Undone(pulled[0], size)),
            Spread([.. pulled.Select(gradient => Undone(gradient, size))]),
            Out(changes[0]),
            Spread(changes));

        Tensor Scaled(Tensor change) => (length is null ? change : change * length) is var longer && size is null ? longer : longer * size;

        static Tensor? Undone(Tensor? tensor, Tensor? factor) =>
            tensor is null || factor is null ? tensor : CotangentScale.Undo(tensor, factor);

        static Tensor Scale(Tensor[] tensors) =>
            CotangentScale.Of(tensors.Select(tensor => tensor.abs().max()).Aggregate(maximum).reshape(1), perItem: false);

        // Gradients of torch may share their memory.
        static Tensor? Out(Tensor? tensor) => tensor?.detach().clone().MoveToOuterDisposeScope();

        Tensor?[] Spread(Tensor?[] ofLeaves)
        {
            var all = new Tensor?[entries.Length];
            foreach ((int i, int entry) in moved.Index())
            {
                all[entry] = Out(ofLeaves[i + 1]);
            }

            return all;
        }
    }

    private static Tensor?[] WithGraph(Tensor value, Tensor[] points, Tensor cotangent)
    {
        var found = (Tensor[])Script.Value.invoke("gradients", value, points, cotangent);
        return [.. found.Zip(points, (gradient, point) => gradient.numel() == 0 && point.numel() > 0 ? null : gradient)];
    }

    private Tensor?[] Differentiable(Tensor[] leaves, Tensor weight, Func<string> what)
    {
        try
        {
            return WithGraph(Output, leaves, weight);
        }
        catch (ExternalException e)
        {
            throw NoSecondDerivative(what(), FirstLine(e), e);
        }
    }

    // The rest says where in libtorch it was.
    private static string FirstLine(ExternalException e) =>
        e.Message.Split('\n').LastOrDefault(line => line.StartsWith("RuntimeError: ", StringComparison.Ordinal))
            ?? e.Message.Split('\n')[0];

    private static void Differentiate((Tensor Value, Tensor Direction)[] outputs, Tensor[] leaves, Func<string> what)
    {
        try
        {
            autograd.backward(
                [.. outputs.Select(output => output.Value)], [.. outputs.Select(output => output.Direction.detach())], inputs: leaves);
        }
        catch (ExternalException e)
        {
            Array.ForEach(leaves, leaf => leaf.grad = null);
            throw NoSecondDerivative(what(), FirstLine(e), e);
        }
    }

    // w' (J v) is (J' w)' v, whatever w and v are, unless a part of the network hid its derivative from the second pass.
    private static void CheckComplete(Tensor weight, Tensor tangent, Tensor?[] pulled, Tensor[] directions, Func<string> what)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        (double difference, double size) = Product(weight, tangent);
        foreach ((Tensor? gradient, Tensor direction) in pulled.Zip(directions))
        {
            (double product, double its) = gradient is null ? (0, 0) : Product(gradient, direction);
            (difference, size) = (difference - product, size + its);
        }

        double tolerance = weight.dtype switch { ScalarType.Float64 => 1e-9, ScalarType.Float32 => 1e-3, _ => 5e-2 };
        if (!(Math.Abs(difference) <= tolerance * size))
        {
            throw NoSecondDerivative(what(), "a part of it has a gradient that does not depend on its cotangent through autograd", null);
        }
    }

    private static (double Product, double Size) Product(Tensor a, Tensor b)
    {
        Tensor products = a.detach().to(ScalarType.Float64) * b.detach().to(ScalarType.Float64);
        return (products.sum().ToDouble(), products.abs().sum().ToDouble());
    }

    private static InvalidOperationException NoSecondDerivative(string what, string reason, Exception? inner) =>
        new(
            $"{what} has no second derivatives, which tangents and curvature need: {reason}. "
                + "Of scaled_dot_product_attention switch the fused kernels off (torch.backends.cuda.enable_flash_sdp(false)) or compute "
                + "attention by matrix products; of a network that recomputes its layers switch that off; a custom autograd function must "
                + "be written to be differentiated twice.",
            inner);
}
