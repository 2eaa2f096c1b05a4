using System.Net;

namespace Costate.Studio.Access;

/// <summary>
/// The names under which the studio may be asked for. A page of another site whose name has been bound to this machine's address asks
/// under its own name, and is refused.
/// </summary>
internal sealed class AllowedHosts(IPAddress address)
{
    private readonly bool isAny = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    /// <summary>Whether a host, without its port, is one of them. Names that no other site can have are the addresses themselves.</summary>
    internal bool Has(string host)
    {
        string name = host.Trim('[', ']');
        return IPAddress.TryParse(name, out IPAddress? asked)
            ? isAny || IPAddress.IsLoopback(asked) || asked.Equals(address)
            : name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
                || (!IPAddress.IsLoopback(address) && name.Equals(Dns.GetHostName(), StringComparison.OrdinalIgnoreCase));
    }
}
