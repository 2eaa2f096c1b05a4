using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Machines;

/// <summary>Where networks compute, by name.</summary>
internal static class ComputeDevice
{
    internal const string Form = "cpu|cuda|cuda:N";

    private const string Cuda = "cuda";

    /// <summary>The device of a name.</summary>
    /// <exception cref="InputException">There is none of that name, or torch here has none such.</exception>
    internal static Device Named(string name) => name == "cpu" ? CPU
        : device(DeviceType.CUDA, CudaNumber(name, cuda.is_available() ? cuda.device_count() : 0));

    /// <summary>Makes sure that a model which is no pipeline is not asked for elsewhere.</summary>
    /// <exception cref="InputException">It is.</exception>
    internal static void RequireProcessor(string name)
    {
        if (Named(name).type != DeviceType.CPU)
        {
            throw new InputException("device", name, "cpu", "Other models than pipelines compute on the processor.");
        }
    }

    /// <summary>The number of the device of CUDA of a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="count">How many torch has.</param>
    internal static int CudaNumber(string name, int count)
    {
        string number = name == Cuda ? "0" : name.StartsWith($"{Cuda}:", StringComparison.Ordinal) ? name[(Cuda.Length + 1)..] : "";
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
        {
            throw new InputException("device", name, "cpu, cuda, or cuda:N with a number from 0 on");
        }

        return index < count ? index
            : throw new InputException(
                "device",
                name,
                count == 0 ? "cpu" : $"cpu, or cuda:0 to cuda:{count - 1}",
                count == 0
                    ? "torch has no device of CUDA here: the tool comes with torch for processors; docs/command-line.md says how to "
                        + "build it with another."
                    : "");
    }
}
