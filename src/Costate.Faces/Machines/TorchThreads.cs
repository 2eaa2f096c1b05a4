using static TorchSharp.torch;

namespace Costate.Faces.Machines;

/// <summary>A number of torch threads for as long as a command runs.</summary>
internal sealed class TorchThreads : IDisposable
{
    private readonly int before = get_num_threads();

    /// <summary>Sets the number; null leaves it as it is, which is all cores.</summary>
    internal TorchThreads(int? threads)
    {
        if (threads is int count && count != before)
        {
            set_num_threads(count);
        }
    }

    internal static int Count => get_num_threads();

    public void Dispose()
    {
        if (get_num_threads() != before)
        {
            set_num_threads(before);
        }
    }
}
