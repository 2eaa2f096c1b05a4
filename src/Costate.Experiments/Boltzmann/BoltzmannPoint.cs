namespace Costate.Experiments.Boltzmann;

/// <summary>Samples of a flow by a solver, before and after they are weighted by the solver's own density.</summary>
internal sealed record BoltzmannPoint
{
    public required string System { get; init; }

    public required string Solver { get; init; }

    public required int Steps { get; init; }

    /// <summary>Of the network, for one sample without its density.</summary>
    public required long Evaluations { get; init; }

    public required int Samples { get; init; }

    /// <summary>The effective size of the weights over the number of samples.</summary>
    public required double EffectiveFraction { get; init; }

    public required double LogZ { get; init; }

    public required double LogZError { get; init; }

    /// <summary>The Wasserstein distance of energies to those of chains, as drawn and as weighted.</summary>
    public required double EnergyDistance { get; init; }

    public required double WeightedEnergyDistance { get; init; }

    /// <summary>The same of all distances between particles.</summary>
    public required double PairDistance { get; init; }

    public required double WeightedPairDistance { get; init; }

    public required int Folds { get; init; }

    /// <summary>Of the processor.</summary>
    public required double Seconds { get; init; }
}

/// <summary>What chains say of a system: the truth of the study.</summary>
internal sealed record ChainsPoint
{
    public required string System { get; init; }

    public required int Chains { get; init; }

    public required double Acceptance { get; init; }

    public required double MeanEnergy { get; init; }

    public required double EnergyDeviation { get; init; }

    public required double MeanPairDistance { get; init; }

    /// <summary>The Wasserstein distance of energies between two sets of chains.</summary>
    public required double EnergyFloor { get; init; }

    public required double PairFloor { get; init; }

    /// <summary>Of the processor.</summary>
    public required double Seconds { get; init; }
}

/// <summary>How a flow was trained.</summary>
/// <param name="System">On states of what.</param>
/// <param name="Parameters">Numbers that were trained.</param>
/// <param name="Steps">Of the optimiser.</param>
/// <param name="Scale">A state of the system over one of the flow.</param>
/// <param name="Losses">Means over equal parts of the steps.</param>
/// <param name="Seconds">Of the processor.</param>
internal sealed record FlowPoint(string System, long Parameters, int Steps, double Scale, IReadOnlyList<double> Losses, double Seconds);
