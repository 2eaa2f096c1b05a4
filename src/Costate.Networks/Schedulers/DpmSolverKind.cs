namespace Costate.Networks;

/// <summary>The options by which the two DPM-Solver schedulers choose a method.</summary>
internal sealed record DpmSolverKind(Prediction Prediction, int Order, SolverType Type, bool Stochastic)
{
    internal static DpmSolverKind Read(SchedulerOptions options, bool endsAtZero)
    {
        // The names of other families stand for the usual ones, as in diffusers: configurations are shared between them.
        string algorithm = options.Choice("algorithm_type", "dpmsolver++", "dpmsolver", "sde-dpmsolver++", "sde-dpmsolver", "deis");
        string type = options.Choice("solver_type", "midpoint", "heun", "logrho", "bh1", "bh2");
        int order = options.Integer("solver_order", 2, 1, 3);
        bool data = algorithm is "dpmsolver++" or "sde-dpmsolver++" or "deis";
        bool stochastic = algorithm.StartsWith("sde-", StringComparison.Ordinal);
        if (!data && endsAtZero)
        {
            throw options.Error(
                $"algorithm_type is \"{algorithm}\" and final_sigmas_type is \"zero\" (its default); in noise prediction it cannot step "
                    + "to a noise level of zero. Set final_sigmas_type to \"sigma_min\", or use the \"++\" form.");
        }

        if (stochastic && order == 3)
        {
            throw options.Error(
                $"algorithm_type is \"{algorithm}\" and solver_order is 3; the SDE forms have orders 1 and 2. Set solver_order to 2.");
        }

        if (options.IsSet("variance_type"))
        {
            throw options.Error(
                "variance_type is set: the network also predicts a variance, which this sampler does not use. "
                    + "Slice it off the network's output and set variance_type to null.");
        }

        return new DpmSolverKind(
            data ? Prediction.Data : Prediction.Noise,
            order,
            type == "heun" ? SolverType.Heun : SolverType.Midpoint,
            stochastic);
    }

    /// <summary>The method's name, for a form such as "M" or "S".</summary>
    internal string Name(string form) =>
        $"{(Stochastic ? "SDE-" : "")}DPM-Solver{(Prediction == Prediction.Data ? "++" : "-")}{Order}{form}";
}
