namespace Costate;

/// <summary>A short name for a list of numbers, the same in every process: 64-bit FNV-1a of their bits.</summary>
internal static class Fingerprint
{
    internal static string Of(IEnumerable<double> values)
    {
        ulong hash = 14695981039346656037;
        foreach (double value in values)
        {
            foreach (byte b in BitConverter.GetBytes(value))
            {
                hash = (hash ^ b) * 1099511628211;
            }
        }

        return hash.ToString("x16");
    }
}
