using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A part of other weights under the names of a network's layout. It does not own them.</summary>
/// <param name="inner">The weights; they stay open after this is disposed.</param>
/// <param name="parts">For each name here the name there, and what has to be done to the tensor.</param>
internal sealed class RenamedWeights(WeightSource inner, Dictionary<string, (string Stored, TensorChange Change)> parts)
    : WeightSource(inner.Path)
{
    public override IReadOnlyList<string> Names { get; } = [.. parts.Keys];

    public override StoredTensor Info(string name)
    {
        (string stored, TensorChange change) = Find(name);
        StoredTensor info = inner.Info(stored);
        IReadOnlyList<long> shape = change.Shape(info.Shape);
        long share = change is TensorChange.FirstThird or TensorChange.SecondThird or TensorChange.LastThird ? 3 : 1;
        return info with { Shape = shape, ByteCount = info.ByteCount / share };
    }

    public override Tensor Read(string name)
    {
        (string stored, TensorChange change) = Find(name);
        using DisposeScope scope = NewDisposeScope();
        return change.Apply(inner.Read(stored)).contiguous().MoveToOuterDisposeScope();
    }

    internal override void Fill(string name, Tensor parameter, Action<Tensor> check)
    {
        (string stored, TensorChange change) = Find(name);
        if (change is TensorChange.None or TensorChange.Flatten)
        {
            inner.Fill(stored, parameter, check);
        }
        else
        {
            base.Fill(name, parameter, check);
        }
    }

    private protected override void Close()
    {
    }

    private (string Stored, TensorChange Change) Find(string name) => parts.TryGetValue(name, out var part) ? part : throw Unknown(name);
}
