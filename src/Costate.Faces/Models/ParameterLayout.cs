using Costate.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Models;

/// <summary>Compares a file of weights with a network by names and shapes.</summary>
internal static class ParameterLayout
{
    /// <summary>A sentence on the first parameter that differs; null if none does.</summary>
    /// <exception cref="SafetensorsException">The file is missing or damaged.</exception>
    internal static string? FirstDifference(string path, nn.Module expected)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        HashSet<string> others = [.. file.Names];
        foreach ((string name, Parameter parameter) in expected.named_parameters())
        {
            if (!others.Remove(name))
            {
                return $"it has no parameter '{name}', whose shape is {Shown(parameter.shape)}.";
            }

            if (!file.Info(name).Shape.SequenceEqual(parameter.shape))
            {
                return $"it holds '{name}' in shape {Shown(file.Info(name).Shape)}; expected {Shown(parameter.shape)}.";
            }
        }

        return file.Names.FirstOrDefault(others.Contains) is string other
            ? $"it holds {ErrorText.Quote(other)} of shape {Shown(file.Info(other).Shape)}, which such a network does not have."
            : null;
    }

    private static string Shown(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
