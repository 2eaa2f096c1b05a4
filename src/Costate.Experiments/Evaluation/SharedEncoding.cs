using Costate.Faces.Morphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Evaluation;

/// <summary>Pictures as noise and codes, computed once for all methods and runs.</summary>
internal sealed class SharedEncoding(EvaluationFolder folder, MethodRunner runner, EvaluationSettings settings)
{
    private static readonly string[] Names = ["start_a", "start_b", "code_a", "code_b"];

    /// <summary>
    /// The encodings of all pairs of a batch, of which those are computed that the folder does not have; the progress is told what part is
    /// done.
    /// </summary>
    internal MorphingEnds Of(PairBatch batch, Action<double> progress, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        var found = batch.Pairs.Select(p => folder.Encoding(p.Index)).ToArray();
        long[] missing = [.. found.Index().Where(f => f.Item is null).Select(f => (long)f.Index)];
        if (missing.Length > 0)
        {
            Tensor rows = tensor(missing, device: batch.A.device);
            MorphingEnds ends = runner.Encode(batch.A.index_select(0, rows), batch.B.index_select(0, rows), progress, cancellationToken);
            foreach ((int i, long row) in missing.Index())
            {
                Tensor[] parts =
                [
                    .. ((Tensor[])[ends.StartA, ends.StartB, ends.CodeA!, ends.CodeB!]).Select(t => t.narrow(0, i, 1).cpu().contiguous()),
                ];
                var encoding = Names.Zip(parts).ToDictionary(p => p.First, p => p.Second);
                folder.AddEncoding(batch.Pairs[(int)row].Index, encoding);
                found[row] = encoding;
            }
        }

        Tensor[] all = [.. Names.Select(name => cat([.. found.Select(f => f![name])], 0).to(batch.A.device).MoveToOuterDisposeScope())];
        return new MorphingEnds
        {
            A = batch.A.alias().MoveToOuterDisposeScope(),
            B = batch.B.alias().MoveToOuterDisposeScope(),
            StartA = all[0],
            StartB = all[1],
            NoiseA = null,
            NoiseB = null,
            CodeA = all[2],
            CodeB = all[3],
            NetworkEvaluations = settings.EncodingSteps,
        };
    }
}
