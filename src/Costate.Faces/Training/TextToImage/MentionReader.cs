using Costate.Faces.Captions;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Training.TextToImage;

/// <summary>
/// A linear function of the embeddings of a CLIP pair that says of each attribute which value a caption mentions, or that it mentions none,
/// and which of the values a face has. It is dropped after the training. Without it the pair, which only had to tell 128 faces apart, gave
/// "smiling" and "serious" the same states (5 % apart where other words are 100 %), so that nothing could be drawn by them. One function
/// for both towers, for what only one of them says the other counts as noise.
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
    /// <param name="labels">[captions, attributes], see <see cref="Labels"/>.</param>
    internal Tensor LossOfCaptions(Tensor states, Tensor labels) => Loss(Outputs(states), labels);

    /// <summary>The same of faces, which have one of the values whatever is said.</summary>
    /// <param name="states">[faces, width].</param>
    /// <param name="labels">[faces, attributes]; -1 where a face is between the values, which counts nothing.</param>
    internal Tensor LossOfFaces(Tensor states, Tensor labels) =>
        Loss([.. Outputs(states).Select(outputs => outputs[.., ..^1])], labels);

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

    private static Tensor Loss(Tensor[] outputs, Tensor labels)
    {
        Tensor sum = zeros([]);
        foreach ((Tensor logits, Tensor own) in outputs.Zip(labels.unbind(1)))
        {
            sum += nn.functional.cross_entropy(logits, own, ignore_index: -1, reduction: nn.Reduction.Sum);
        }

        return sum / labels.numel();
    }

    private static Parameter Zero(params long[] shape)
    {
        var parameter = new Parameter(zeros(shape));
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    private Tensor[] Outputs(Tensor states) => nn.functional.linear(states, weight, bias).split([.. Widths.Select(w => (long)w)], 1);
}
