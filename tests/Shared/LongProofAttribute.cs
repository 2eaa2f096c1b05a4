using Xunit.v3;

namespace Costate.Testing;

/// <summary>A proof that takes seconds of a core: eng/long-proofs.sh runs it, <c>dotnet test</c> alone leaves it out.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class LongProofAttribute : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("proof", "long")];
}
