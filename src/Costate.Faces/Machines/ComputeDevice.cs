using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Machines;

/// <summary>Where networks compute, by name.</summary>
internal static class ComputeDevice
{
    internal const string Form = "cpu|cuda|cuda:N|cuda:auto";

    private const string Cuda = "cuda";
    private const string Auto = "cuda:auto";

    // What launchers call the place of a process among those on its machine.
    private static readonly string[] LocalRanks = ["SLURM_LOCALID", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID"];

    /// <summary>The device of a name.</summary>
    /// <exception cref="InputException">There is none of that name, or torch here has none such.</exception>
    internal static Device Named(string name) => name == "cpu" ? CPU
        : device(DeviceType.CUDA, CudaNumber(name, cuda.is_available() ? cuda.device_count() : 0, Environment.GetEnvironmentVariable));

    /// <summary>What results say of a device; null for the processor.</summary>
    internal static string? Said(Device device) => device.type == DeviceType.CPU ? null : device.ToString();

    /// <summary>Its kind, of which sums are in the same order: what runs that share a folder have in common; null for the
    /// processor.</summary>
    internal static string? KindOf(Device device) => device.type == DeviceType.CPU ? null : device.type.ToString().ToLowerInvariant();

    /// <summary>The number of the device of CUDA of a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="count">How many torch has: those that CUDA_VISIBLE_DEVICES leaves, numbered from 0.</param>
    /// <param name="environment">Variables of the environment by their names, which only <c>cuda:auto</c> reads.</param>
    internal static int CudaNumber(string name, int count, Func<string, string?> environment)
    {
        string number = name == Cuda ? "0"
            : name == Auto ? $"{LocalRank(environment) % Math.Max(1, count)}"
            : name.StartsWith($"{Cuda}:", StringComparison.Ordinal) ? name[(Cuda.Length + 1)..] : "";
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
        {
            throw new InputException("device", name, "cpu, cuda, cuda:auto, or cuda:N with a number from 0 on");
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

    // 0 where no launcher says anything: a process that is alone on its machine, or to which one device is visible.
    private static int LocalRank(Func<string, string?> environment)
    {
        string[] said = [.. LocalRanks.Where(name => !string.IsNullOrEmpty(environment(name)))];
        int[] ranks =
        [
            .. said.Select(name => int.TryParse(environment(name), NumberStyles.None, CultureInfo.InvariantCulture, out int rank)
                ? rank
                : throw new InputException("device", $"{Auto} with {name}={environment(name)}", "a whole number from 0 on")).Distinct(),
        ];
        return ranks.Length <= 1
            ? ranks.FirstOrDefault()
            : throw new InputException(
                "device",
                $"{Auto} with {string.Join(", ", said.Select(name => $"{name}={environment(name)}"))}",
                "the same of all of them",
                "Unset those of another launcher, or name the device as cuda:N.");
    }
}
