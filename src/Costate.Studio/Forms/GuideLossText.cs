using Costate.Faces.Guidance;

namespace Costate.Studio.Forms;

/// <summary>C# for the loss that a method of guidance descends, as each has it.</summary>
internal static class GuideLossText
{
    internal static string Of(FormValues form, GuideMethod method) => form.Values["task"] switch
    {
        "identity" => $"""
            Tensor person = faces.Attack.Embed(picture);
            Func<Tensor, Tensor> loss = x => linalg.vector_norm(faces.Attack.Embed(x) - person, 2, [1L]){OfNorm(method)};
            """,
        "prompt" => $"""
            using TextLikeness likeness = TextLikeness.Of(pipeline);
            Func<Tensor, Tensor> loss = x => {Unlike(form, method)};
            """,
        "custom-torchscript-loss" => $"""
            using var script = jit.load<Tensor, Tensor>({CSharp.Literal(form.Or("loss", ""))});
            Func<Tensor, Tensor> loss = x => script.call(x){(method.Kind == GuideKind.RedDiff ? " / 2" : "")};
            """,
        _ when method.DescendsEnergy => """

            // Half the squared error, in a unit in which a step of 1 never overshoots: the largest eigenvalue of A'A.
            Tensor flat = ones(1, 3, height, width);
            double largest = 0;
            for (int i = 0; i < 20; i++)
            {
                flat = seen.Operator.Transpose(seen.Operator.Apply(flat / flat.norm()));
                largest = flat.norm().item<float>();
            }

            Func<Tensor, Tensor> loss = x => seen.SquaredNorm(x) / (2 * largest);
            """,
        _ when method.Kind == GuideKind.Sampled => "Func<Tensor, Tensor> loss = seen.Norm;",
        _ => $"""
            double entries = seen.Operator.Apply(ones(1, 3, height, width)).ne(0).sum().item<long>();
            Func<Tensor, Tensor> loss = x => seen.SquaredNorm(x) / {(method.Kind == GuideKind.RedDiff ? "(2 * entries)" : "entries")};
            """,
    };

    private static string Unlike(FormValues form, GuideMethod method)
    {
        string unlike = $"1 - likeness.Score(x, {CSharp.Literal(form.Or("prompt", ""))})";
        return method.Kind == GuideKind.RedDiff ? $"({unlike}) / 2" : unlike;
    }

    // Of vectors of length 1, half the square of what lies between them is 1 - similarity.
    private static string OfNorm(GuideMethod method) => method.Kind == GuideKind.RedDiff ? ".square() / 4"
        : method.Kind == GuideKind.Sampled && !method.DescendsEnergy ? ""
        : ".square() / 2";
}
