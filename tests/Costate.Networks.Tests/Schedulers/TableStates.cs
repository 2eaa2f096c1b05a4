using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>Runs a table row by row and keeps every state, which a sampler does not.</summary>
internal static class TableStates
{
    internal static double[][] Run(SolverTable table, Denoiser denoiser, Tensor start, BrownianPath? path)
    {
        var states = new List<Tensor>();
        var outputs = new Dictionary<int, Tensor>();
        for (int i = 0; i < table.Rows.Count; i++)
        {
            TableRow row = table.Rows[i];
            Tensor state = i == 0 ? start.clone() : zeros_like(start);
            foreach (TableTerm term in row.States)
            {
                state.add_(states[term.Index], term.Weight);
            }

            foreach (TableTerm term in row.Outputs)
            {
                state.add_(outputs[term.Index], term.Weight);
            }

            foreach (TableTerm term in row.Inputs)
            {
                state.add_(path!.Normal(term.Index, table.NoiseIntervals[term.Index], start), term.Weight);
            }

            states.Add(state);
            if (table.EvaluatedRows.Contains(i))
            {
                PredictionConversion conversion = table.Conversion(denoiser.Prediction, i);
                outputs[i] = denoiser.Call(state, row.NetworkTime, null).mul(conversion.Output).add(state, conversion.State);
            }
        }

        return [.. states.Select(state => state.data<double>().ToArray())];
    }
}
