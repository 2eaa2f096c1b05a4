using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Lets backward passes sum into the parameters' <c>grad</c> and then takes the sums away, so that what the caller had
/// accumulated there is as it was.
/// </summary>
internal sealed class ParameterGradients : IDisposable
{
    private readonly IReadOnlyList<Parameter> parameters;
    private readonly Tensor?[] callers;

    internal ParameterGradients(IReadOnlyList<Parameter> parameters)
    {
        this.parameters = parameters;
        callers = [.. parameters.Select(p => p.grad)];
        foreach (Parameter parameter in parameters)
        {
            parameter.grad = null;
        }
    }

    /// <summary>The sums so far, one for each parameter; zeros where none arrived.</summary>
    internal Tensor[] Take() => [.. parameters.Select(p =>
    {
        using Tensor? sum = p.grad;
        return sum is null ? zeros_like(p, requires_grad: false) : sum.clone();
    })];

    public void Dispose()
    {
        for (int i = 0; i < callers.Length; i++)
        {
            parameters[i].grad = callers[i];
            callers[i]?.Dispose();
        }
    }
}
