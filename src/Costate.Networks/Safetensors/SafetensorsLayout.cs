using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>What a file to be written will hold: its tensors in order and the header that describes them.</summary>
internal sealed class SafetensorsLayout
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private SafetensorsLayout(IReadOnlyList<Tensor> tensors, byte[] header, long dataLength)
    {
        Tensors = tensors;
        Header = header;
        TotalBytes = SafetensorsLimits.PrefixBytes + header.Length + dataLength;
    }

    internal IReadOnlyList<Tensor> Tensors { get; }

    internal byte[] Header { get; }

    internal long TotalBytes { get; }

    /// <exception cref="ArgumentException">Something cannot be written.</exception>
    internal static SafetensorsLayout Of(
        IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var entries = new List<(string Name, Tensor Tensor, SafetensorsDtype Dtype)>();
        foreach ((string name, Tensor tensor) in tensors)
        {
            CheckText(name, "The name of a tensor", nameof(tensors));
            if (name == SafetensorsLimits.MetadataKey)
            {
                throw Unwritable(
                    $"A tensor is named '{name}'; expected any other name, as the format reserves it. Rename the tensor.");
            }

            if (!names.Add(name))
            {
                throw Unwritable(
                    $"Two tensors are named {ErrorText.Quote(name)}; expected different names. Rename one.");
            }

            entries.Add((name, tensor, DtypeOf(name, tensor)));
        }

        (string Name, Tensor Tensor, SafetensorsDtype Dtype)[] ordered = [.. entries
            .OrderBy(entry => Array.IndexOf(SafetensorsDtype.All, entry.Dtype))
            .ThenBy(entry => entry.Name, StringComparer.Ordinal)];
        byte[] header = Describe(ordered, metadata, out long dataLength);
        return new SafetensorsLayout([.. ordered.Select(entry => entry.Tensor)], header, dataLength);
    }

    private static SafetensorsDtype DtypeOf(string name, Tensor tensor)
    {
        string subject = $"Tensor {ErrorText.Quote(name)}";
        if (tensor is null || tensor.IsInvalid)
        {
            string state = tensor is null ? "null" : "disposed";
            throw Unwritable($"{subject} is {state}; expected a tensor. Leave it out or keep it.");
        }

        if (SafetensorsDtype.Find(tensor.dtype) is not { } dtype)
        {
            throw Unwritable(
                $"{subject} has the element type {tensor.dtype}; expected one of {SafetensorsDtype.ReadableNames}. Convert it with "
                + "Tensor.to first.");
        }

        if (tensor.is_sparse)
        {
            throw Unwritable(
                $"{subject} is sparse; expected a dense one. Convert it with Tensor.to_dense first.");
        }

        if (tensor.dim() > SafetensorsLimits.MaxDimensions)
        {
            throw Unwritable(
                $"{subject} has {tensor.dim()} dimensions; expected at most {SafetensorsLimits.MaxDimensions}. Reshape it.");
        }

        return dtype;
    }

    private static byte[] Describe(
        (string Name, Tensor Tensor, SafetensorsDtype Dtype)[] entries,
        IReadOnlyDictionary<string, string>? metadata,
        out long dataLength)
    {
        using var buffer = new MemoryStream();
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            WriteMetadata(json, metadata);
            dataLength = 0;
            foreach ((string name, Tensor tensor, SafetensorsDtype dtype) in entries)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", dtype.Name);
                json.WriteStartArray("shape");
                foreach (long size in tensor.shape)
                {
                    json.WriteNumberValue(size);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(dataLength);
                dataLength = checked(dataLength + (tensor.NumberOfElements * tensor.ElementSize));
                json.WriteNumberValue(dataLength);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Spaces up to a multiple of eight align the data section, and so every tensor in it.
        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        if (buffer.Length > SafetensorsLimits.MaxHeaderBytes)
        {
            throw Unwritable(
                $"The header would take {buffer.Length} bytes; expected at most {SafetensorsLimits.MaxHeaderBytes}. "
                + "Write fewer tensors or less metadata.");
        }

        return buffer.ToArray();
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is null || metadata.Count == 0)
        {
            return;
        }

        json.WriteStartObject(SafetensorsLimits.MetadataKey);
        foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            CheckText(key, "A key of the metadata", nameof(metadata));
            CheckText(value, $"The metadata {ErrorText.Quote(key)}", nameof(metadata));
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private static void CheckText(string text, string subject, string parameter)
    {
        if (text is null)
        {
            throw new ArgumentException($"{subject} is null; expected text. Leave it out.", parameter);
        }

        try
        {
            StrictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException(
                $"{subject} holds half a surrogate pair, {ErrorText.Quote(text)}; expected valid text. Correct it.", parameter, e);
        }
    }

    private static ArgumentException Unwritable(string message) => new(message, "tensors");
}
