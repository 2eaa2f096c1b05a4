using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>
/// A margin by which an embedding must be nearer to the centre of its identity than the softmax asks for, as an angle and as an
/// amount of the cosine.
/// </summary>
internal abstract class AngularMargin : IDisposable
{
    internal const string Names = "arcface, cosface, adaface or elasticface";

    /// <summary>What cosines are multiplied by to make the softmax's logits.</summary>
    internal const double Scale = 32;

    private const double Slack = 1e-4;

    /// <summary>Numbers that it learns on the way.</summary>
    internal virtual IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor>();

    /// <summary>The margin of a name.</summary>
    /// <exception cref="InputException">There is no such margin.</exception>
    internal static AngularMargin Named(string name) => name switch
    {
        "arcface" => new ArcFace(),
        "cosface" => new CosFace(),
        "adaface" => new AdaFace(),
        "elasticface" => new ElasticFace(),
        _ => throw new InputException("loss", name, Names),
    };

    /// <summary>The mean cross-entropy of the softmax over the centres, the own one's logit smaller by the margin.</summary>
    /// <param name="features">Embeddings of any length, [batch, width].</param>
    /// <param name="centres">A direction for each identity, [identities, width].</param>
    /// <param name="labels">The identities, [batch].</param>
    /// <param name="strength">How much of the margin, 0..1: it grows while the first order among embeddings arises.</param>
    /// <param name="random">For a random margin.</param>
    internal Tensor Loss(Tensor features, Tensor centres, Tensor labels, double strength, StepRandom random)
    {
        Tensor norms = features.detach().norm(1, keepdim: true, p: 2f);
        Tensor cosines = nn.functional.linear(nn.functional.normalize(features, 2, 1), nn.functional.normalize(centres, 2, 1));
        Tensor own = labels.unsqueeze(1);
        Tensor nearer = Apply(cosines.gather(1, own), norms, strength, random);
        return nn.functional.cross_entropy(cosines.scatter(1, own, nearer) * Scale, labels);
    }

    /// <summary>The cosines [batch, 1] to the own centres, smaller by the margin.</summary>
    /// <param name="cosines">The cosines, [batch, 1].</param>
    /// <param name="norms">Norms of the embeddings, [batch, 1], without gradient.</param>
    /// <param name="strength">How much of the margin, 0..1.</param>
    /// <param name="random">For a random margin.</param>
    protected abstract Tensor Apply(Tensor cosines, Tensor norms, double strength, StepRandom random);

    public virtual void Dispose()
    {
    }

    // cos(angle + margin), the angle kept within 0..pi; the gradient of the arc cosine is infinite at the ends.
    private static Tensor Turned(Tensor cosines, Tensor margins) =>
        (cosines.clamp(-1 + Slack, 1 - Slack).acos() + margins).clamp(0, Math.PI).cos();

    /// <summary>A fixed angle (Deng et al. 2019).</summary>
    private sealed class ArcFace : AngularMargin
    {
        protected override Tensor Apply(Tensor cosines, Tensor norms, double strength, StepRandom random) =>
            Turned(cosines, full_like(cosines, 0.5 * strength));
    }

    /// <summary>A fixed amount of the cosine (Wang et al. 2018).</summary>
    private sealed class CosFace : AngularMargin
    {
        protected override Tensor Apply(Tensor cosines, Tensor norms, double strength, StepRandom random) => cosines - (0.35 * strength);
    }

    /// <summary>An angle drawn anew each time (Boutros et al. 2022).</summary>
    private sealed class ElasticFace : AngularMargin
    {
        protected override Tensor Apply(Tensor cosines, Tensor norms, double strength, StepRandom random) =>
            Turned(cosines, ((random.Normal(cosines.shape) * 0.0125) + 0.5) * strength);
    }

    /// <summary>
    /// Angle for poor pictures, amount for good ones; the norm of the embedding tells them apart (Kim et al. 2022, eqs. 11 to 13).
    /// </summary>
    private sealed class AdaFace : AngularMargin
    {
        private const double Margin = 0.4;
        private const double Concentration = 0.333;
        private const double Share = 0.01;

        // Running mean and standard deviation of the norms.
        private readonly Tensor statistics = tensor(new[] { 20f, 100f }).DetachFromDisposeScope();

        internal override IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor> { ["norms"] = statistics };

        protected override Tensor Apply(Tensor cosines, Tensor norms, double strength, StepRandom random)
        {
            Tensor safe = norms.clamp(1e-3, 100);
            using (no_grad())
            {
                statistics.mul_(1 - Share).add_(stack([safe.mean(), safe.std()]) * Share);
            }

            Tensor quality = ((safe - statistics[0]) / (statistics[1] + 1e-3) * Concentration).clamp(-1, 1);
            return Turned(cosines, quality * (-Margin * strength)) - (((quality * Margin) + Margin) * strength);
        }

        public override void Dispose() => statistics.Dispose();
    }
}
