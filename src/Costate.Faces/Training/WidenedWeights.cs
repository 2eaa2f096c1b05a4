using Costate.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>
/// Puts trained weights into a wider network of the same layout, so that it begins with nearly what the narrow one computes (Net2Net, Chen
/// et al. 2016): a new channel repeats an old one, and what sums over channels weighs the repetitions by their share. Repetitions stay
/// within their group of a normalisation, whose means do not change then. New numbers of the code begin without effect, and attention
/// that the new network has not is left out. Noise keeps repetitions from staying equal.
/// </summary>
internal sealed class WidenedWeights
{
    private const int Groups = 32;

    // Of the standard deviation of what it is added to.
    private const double Noise = 0.02;

    private readonly SafetensorsFile old;
    private readonly Dictionary<string, Parameter> wide;
    private readonly StepRandom random;

    private WidenedWeights(SafetensorsFile old, nn.Module network, StepRandom random)
    {
        (this.old, this.random) = (old, random);
        wide = network.named_parameters().ToDictionary(p => p.name, p => p.parameter);
    }

    /// <summary>Fills a network that has its first weights.</summary>
    /// <param name="path">The narrower network's file, or one of the same widths.</param>
    /// <param name="network">The network.</param>
    /// <param name="random">Where the noise comes from.</param>
    /// <exception cref="InputException">The widths are no multiples of the old ones.</exception>
    /// <exception cref="SafetensorsException">The file is missing or damaged.</exception>
    /// <returns>Whether its encoder is trained: it is the old one.</returns>
    internal static bool Copy(string path, nn.Module network, StepRandom random)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        using SafetensorsFile old = SafetensorsFile.Open(path);
        var weights = new WidenedWeights(old, network, random);
        foreach ((string name, Parameter parameter) in weights.wide)
        {
            weights.Fill(name, parameter);
        }

        return weights.wide
            .Where(p => p.Key.StartsWith("encoder.", StringComparison.Ordinal))
            .All(p => old.Names.Contains(p.Key) && old.Info(p.Key).Shape.SequenceEqual(p.Value.shape));
    }

    private void Fill(string name, Parameter parameter)
    {
        if (OldName(name) is not string known)
        {
            FillNew(name, parameter);
            return;
        }

        Tensor before = old.Read(known).to(ScalarType.Float32);
        if (before.shape.AsSpan().SequenceEqual(parameter.shape))
        {
            parameter.copy_(before);
            return;
        }

        Tensor values = parameter.dim() > 1 ? Columns(name, before, parameter.shape[1]) : before;
        if (name.StartsWith("encoder.out.3.", StringComparison.Ordinal))
        {
            // The first numbers of the code are the old ones.
            parameter.narrow(0, 0, values.shape[0]).copy_(values);
            return;
        }

        if (name.StartsWith("out.2.", StringComparison.Ordinal) && parameter.shape[0] == 2 * values.shape[0])
        {
            // New gates begin closed.
            parameter.zero_().narrow(0, 0, values.shape[0]).copy_(values);
            return;
        }

        values = Rows(name, values, parameter.shape[0]);
        if (parameter.dim() > 1)
        {
            values += random.Normal(values.shape) * (values.std() * Noise);
        }

        parameter.copy_(values);
    }

    // A layer that doubles the resolution comes after the attention, where there is one.
    private string? OldName(string name) =>
        new[] { name, name.Replace(".1.conv.", ".2.conv.", StringComparison.Ordinal) }.FirstOrDefault(old.Names.Contains);

    // A block that kept its width needed no map past it.
    private static void FillNew(string name, Parameter parameter)
    {
        if (name.EndsWith("skip_connection.weight", StringComparison.Ordinal))
        {
            parameter.zero_();
            foreach ((int row, long column) in Repeated(parameter.shape[1], parameter.shape[0]).Index())
            {
                parameter[row, column] = ones(1, 1);
            }
        }
    }

    private Tensor Rows(string name, Tensor values, long count)
    {
        if (name.Contains(".in_layers.0.", StringComparison.Ordinal))
        {
            // The normalisation of what comes in.
            return values.index_select(0, tensor(Joined(name, values.shape[0], count)));
        }

        // Scale and shift of the time; q, k and v of attention, whose products are sums over all channels.
        bool attends = name.Contains(".qkv.", StringComparison.Ordinal);
        int parts = attends ? 3 : name.Contains(".emb_layers.", StringComparison.Ordinal) ? 2 : 1;
        long before = values.shape[0] / parts;
        long[] map = [.. Enumerable.Range(0, parts).SelectMany(part => Repeated(before, count / parts).Select(i => i + (part * before)))];
        Tensor rows = values.index_select(0, tensor(map));
        if (attends)
        {
            rows.narrow(0, 0, count / parts).mul_(Math.Sqrt((double)before * parts / count));
        }

        return rows;
    }

    private Tensor Columns(string name, Tensor values, long count)
    {
        if (values.shape[1] == count)
        {
            return values;
        }

        if (name.Contains("cond_emb_layers", StringComparison.Ordinal))
        {
            return cat([values, zeros(values.shape[0], count - values.shape[1])], 1);
        }

        long[] map = Joined(name, values.shape[1], count);
        Dictionary<long, int> times = map.CountBy(i => i).ToDictionary();
        long[] broadcast = [1, map.Length, .. Enumerable.Repeat(1L, (int)values.dim() - 2)];
        return values.index_select(1, tensor(map)) * tensor(map.Select(i => 1f / times[i]).ToArray()).view(broadcast);
    }

    // A block on the way up takes what the stage before made, and beside it what was kept on the way down.
    private long[] Joined(string name, long before, long count)
    {
        string[] path = name.Split('.');
        if (path is not ["output_blocks", var index, "0", "in_layers" or "skip_connection", ..])
        {
            return Repeated(before, count);
        }

        int stage = int.Parse(index, System.Globalization.CultureInfo.InvariantCulture);
        string last = stage == 0 ? "middle_block.2.out_layers.3.bias" : $"output_blocks.{stage - 1}.0.out_layers.3.bias";
        (long hidden, long wideHidden) = (old.Info(last).Shape[0], wide[last].shape[0]);
        return [.. Repeated(hidden, wideHidden), .. Repeated(before - hidden, count - wideHidden).Select(i => i + hidden)];
    }

    // The old channel that each new one repeats.
    private static long[] Repeated(long before, long count)
    {
        if (count % before != 0)
        {
            throw new InputException(
                "from", $"a network with {before} channels where this one has {count}", "weights of a network whose widths divide those");
        }

        long group = Math.Max(1, before / Groups);
        long wideGroup = group * (count / before);
        return [.. Enumerable.Range(0, (int)count).Select(i => (i / wideGroup * group) + (i % wideGroup % group))];
    }
}
