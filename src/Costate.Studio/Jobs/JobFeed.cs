using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;

namespace Costate.Studio.Jobs;

/// <summary>What pages that listen are told of jobs. A page that does not keep up misses what is old.</summary>
internal sealed class JobFeed(int mostListeners)
{
    private const int Kept = 64;

    private readonly ConcurrentDictionary<Channel<string>, byte> listeners = [];

    /// <summary>As everything is written for pages.</summary>
    internal static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web);

    /// <summary>Whether anybody listens.</summary>
    internal bool HasListeners => !listeners.IsEmpty;

    /// <summary>Begins to listen; null where too many do.</summary>
    internal Channel<string>? Listen()
    {
        var channel = Channel.CreateBounded<string>(new BoundedChannelOptions(Kept) { FullMode = BoundedChannelFullMode.DropOldest });
        return listeners.Count < mostListeners && listeners.TryAdd(channel, 0) ? channel : null;
    }

    /// <summary>Ends it.</summary>
    internal void Leave(Channel<string> channel) => listeners.TryRemove(channel, out _);

    /// <summary>Tells all, as an event of a stream.</summary>
    internal void Tell(string type, object data)
    {
        if (HasListeners)
        {
            string text = $"event: {type}\ndata: {JsonSerializer.Serialize(data, Json)}\n\n";
            foreach (Channel<string> listener in listeners.Keys)
            {
                listener.Writer.TryWrite(text);
            }
        }
    }
}
