using System.Globalization;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>All that a training needs to go on as if it had not stopped, in a file that appears complete or not at all.</summary>
internal sealed class Checkpoint(string path, TrainingTask task, AdamW optimizer, IReadOnlyDictionary<string, string> settings)
{
    internal const string FileName = "checkpoint.safetensors";

    private const string StepName = "step";
    private const string SecondsName = "seconds";

    internal void Write(long step, double seconds)
    {
        var metadata = new Dictionary<string, string>(settings)
        {
            [StepName] = step.ToString(CultureInfo.InvariantCulture),
            [SecondsName] = seconds.ToString("R", CultureInfo.InvariantCulture),
        };
        SafetensorsFile.Write(path, Tensors(), metadata);
    }

    /// <summary>Puts the file's contents in place, and returns where it stopped; without a file, where the task begins.</summary>
    /// <exception cref="InvalidDataException">It is of another training; the message says what differs.</exception>
    internal (long Step, double Seconds) Resume()
    {
        if (!File.Exists(path))
        {
            return (task.FirstStep, 0);
        }

        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach ((string name, string value) in settings)
        {
            string? before = file.Metadata.GetValueOrDefault(name);
            if (before != value)
            {
                throw new InvalidDataException(
                    $"Got {name} {value}; the training in '{path}' has {before ?? "none"}. Give the same settings to go on with it, "
                        + "or another output folder to begin anew.");
            }
        }

        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        foreach ((string name, Tensor tensor) in Tensors())
        {
            Tensor stored = file.Read(name);
            if (!stored.shape.AsSpan().SequenceEqual(tensor.shape))
            {
                throw new InvalidDataException(
                    $"'{path}' holds {name} in shape [{string.Join(", ", stored.shape)}]; expected [{string.Join(", ", tensor.shape)}]. "
                        + "It is of another network; give another output folder to begin anew.");
            }

            tensor.copy_(stored);
        }

        long step = Number<long>(file, StepName);
        optimizer.ResumeAt(step - task.FirstStep);
        return (step, Number<double>(file, SecondsName));
    }

    private T Number<T>(SafetensorsFile file, string name)
        where T : struct, IParsable<T> =>
        T.TryParse(file.Metadata.GetValueOrDefault(name), CultureInfo.InvariantCulture, out T value)
            ? value
            : throw new InvalidDataException(
                $"'{path}' does not say its {name}, or not as a number; it is damaged. Delete it to begin anew.");

    private Dictionary<string, Tensor> Tensors()
    {
        Dictionary<string, Tensor> tensors = task.State.ToDictionary(s => $"state:{s.Key}", s => s.Value);
        foreach ((TrainedParameter parameter, (Tensor first, Tensor second)) in task.Parameters.Zip(optimizer.Moments))
        {
            tensors.Add($"value:{parameter.Name}", parameter.Value);
            tensors.Add($"first:{parameter.Name}", first);
            tensors.Add($"second:{parameter.Name}", second);
            if (parameter.Average is { } average)
            {
                tensors.Add($"average:{parameter.Name}", average);
            }
        }

        return tensors;
    }
}
