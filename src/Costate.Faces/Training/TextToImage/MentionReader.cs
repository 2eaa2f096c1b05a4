using Costate.Faces.Captions;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Training.TextToImage;

/// <summary>
/// A linear function of a text's pooled state that says of each attribute which value the caption mentions, or that it mentions none. It is
/// dropped after the training. Without it the text tower, which only had to tell 128 faces apart, gave "smiling" and "serious" the same
/// states (5 % apart where other words are 100 %), so that nothing could be drawn by them.
/// </summary>
/// <param name="width">Of the states.</param>
internal sealed class MentionReader(long width) : IDisposable
{
    private static readonly int[] Widths = [.. FaceAttribute.All.Select(a => a.Values.Count + 1)];

    private readonly Parameter weight = Zero(Widths.Sum(), width);
    private readonly Parameter bias = Zero(Widths.Sum());

    /// <summary>Zero at first; dropped after the training.</summary>
    internal IReadOnlyList<TrainedParameter> Parameters => [new("reader.weight", weight, null), new("reader.bias", bias, null)];

    /// <summary>What captions mention, [captions, attributes]: the places of the values; behind the last, that there is none.</summary>
    internal static Tensor Labels(IReadOnlyList<FaceCaption> captions)
    {
        long[] labels =
        [
            .. from caption in captions
               from attribute in FaceAttribute.All
               select caption.Mentioned.FirstOrDefault(m => m.Attribute == attribute.Name) is { } mention
                   ? attribute.IndexOf(mention.Value)
                   : (long)attribute.Values.Count,
        ];
        return tensor(labels, [captions.Count, FaceAttribute.All.Count]);
    }

    /// <summary>The mean cross-entropy over captions and attributes.</summary>
    /// <param name="states">[captions, width].</param>
    /// <param name="labels">[captions, attributes].</param>
    internal Tensor Loss(Tensor states, Tensor labels)
    {
        Tensor sum = zeros([]);
        foreach ((Tensor outputs, Tensor own) in Outputs(states).Zip(labels.unbind(1)))
        {
            sum += nn.functional.cross_entropy(outputs, own);
        }

        return sum / Widths.Length;
    }

    /// <summary>The share of what is mentioned, or not, that it reads rightly.</summary>
    internal double Accuracy(Tensor states, Tensor labels)
    {
        IEnumerable<Tensor> right = Outputs(states).Zip(labels.unbind(1)).Select(each => each.First.argmax(1).eq(each.Second));
        return stack(right, 0).to(ScalarType.Float64).mean().item<double>();
    }

    public void Dispose()
    {
        weight.Dispose();
        bias.Dispose();
    }

    private static Parameter Zero(params long[] shape)
    {
        var parameter = new Parameter(zeros(shape));
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    private Tensor[] Outputs(Tensor states) => nn.functional.linear(states, weight, bias).split([.. Widths.Select(w => (long)w)], 1);
}
