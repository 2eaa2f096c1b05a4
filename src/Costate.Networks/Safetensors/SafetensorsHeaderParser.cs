using System.Text;
using System.Text.Json;

namespace Costate.Networks;

/// <summary>
/// One pass over the header's JSON, which fills <see cref="Names"/>, <see cref="Tensors"/> and <see cref="Metadata"/>.
/// </summary>
/// <remarks>
/// The number of tensors needs no limit of its own: an entry takes at least 40 bytes of a header whose length is
/// bounded by the file's.
/// </remarks>
internal ref struct SafetensorsHeaderParser
{
    private string _path;
    private readonly long _dataLength;
    private Utf8JsonReader _reader;

    internal SafetensorsHeaderParser(string path, ReadOnlySpan<byte> json, long dataLength)
    {
        _path = path;
        _dataLength = dataLength;

        // The file, a tensor, its shape: nothing in the format is nested deeper.
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 3 });
    }

    internal List<string> Names { get; } = [];

    internal Dictionary<string, SafetensorsTensorInfo> Tensors { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    internal void Parse()
    {
        bool hasMetadata = false;
        _reader.Read();
        while (NextKey(out string name))
        {
            if (name == SafetensorsLimits.MetadataKey)
            {
                if (hasMetadata)
                {
                    throw Damaged($"its header has two keys '{SafetensorsLimits.MetadataKey}'", "one");
                }

                hasMetadata = true;
                ReadMetadata();
                continue;
            }

            if (Tensors.ContainsKey(name))
            {
                throw Damaged($"its header has two tensors named {ErrorText.Quote(name)}", "different names");
            }

            Tensors.Add(name, ReadTensor(name));
            Names.Add(name);
        }

        // Throws if anything but white space follows.
        _reader.Read();
    }

    private void ReadMetadata()
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            throw Damaged($"'{SafetensorsLimits.MetadataKey}' is {Kind()}", "an object of strings");
        }

        while (NextKey(out string key))
        {
            _reader.Read();
            if (_reader.TokenType != JsonTokenType.String)
            {
                throw Damaged($"{ErrorText.Quote(key)} in '{SafetensorsLimits.MetadataKey}' is {Kind()}", "a string");
            }

            if (!Metadata.TryAdd(key, Text()))
            {
                throw Damaged(
                    $"'{SafetensorsLimits.MetadataKey}' has two keys {ErrorText.Quote(key)}",
                    "different keys");
            }
        }
    }

    private SafetensorsTensorInfo ReadTensor(string name)
    {
        string subject = $"tensor {ErrorText.Quote(name)}";
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            throw Damaged($"{subject} is {Kind()}", "an object with the keys dtype, shape and data_offsets");
        }

        SafetensorsDtype? dtype = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        while (NextKey(out string key))
        {
            bool repeated = key switch
            {
                "dtype" => dtype is not null,
                "shape" => shape is not null,
                "data_offsets" => offsets is not null,
                _ => false,
            };
            if (repeated)
            {
                throw Damaged($"{subject} has two keys '{key}'", "one");
            }

            switch (key)
            {
                case "dtype":
                    dtype = ReadDtype(subject);
                    break;
                case "shape":
                    shape = ReadIntegers($"the shape of {subject}");
                    if (shape.Count > SafetensorsLimits.MaxDimensions)
                    {
                        throw new SafetensorsException(
                            $"Cannot read '{_path}': {subject} has {shape.Count} dimensions; expected at most "
                                + $"{SafetensorsLimits.MaxDimensions}, "
                            + "the limit here. Reshape it in the file.");
                    }

                    break;
                case "data_offsets":
                    offsets = ReadIntegers($"data_offsets of {subject}");
                    break;
                default:
                    throw Damaged($"{subject} has the key {ErrorText.Quote(key)}", "only dtype, shape and data_offsets");
            }
        }

        if (dtype is null || shape is null || offsets is null)
        {
            string missing = dtype is null ? "dtype" : shape is null ? "shape" : "data_offsets";
            throw Damaged($"{subject} has no key '{missing}'", "the keys dtype, shape and data_offsets");
        }

        return Checked(subject, dtype, [.. shape], offsets);
    }

    private SafetensorsTensorInfo Checked(string subject, SafetensorsDtype dtype, long[] shape, List<long> offsets)
    {
        if (offsets.Count != 2)
        {
            throw Damaged($"data_offsets of {subject} has {offsets.Count} numbers", "two, start and end");
        }

        long begin = offsets[0];
        long end = offsets[1];
        if (begin > end)
        {
            throw Damaged($"data_offsets of {subject} is [{begin}, {end}]", "a start that is not behind the end");
        }

        if (end > _dataLength)
        {
            throw Damaged(
                $"{subject} ends at byte {end} of a data section of {_dataLength} bytes",
                "an end inside the file");
        }

        string sizes = string.Join(", ", shape);
        long? count = SafetensorsLimits.ElementCount(shape, dtype.Bits);
        if (count is null)
        {
            throw Damaged($"the shape [{sizes}] of {subject} overflows", "a size below 2^63 bytes");
        }

        if (dtype.Bytes(count.Value) is not { } bytes)
        {
            throw Damaged($"{subject} has {count} elements of {dtype.Bits} bits", "elements that fill whole bytes");
        }

        if (end - begin != bytes)
        {
            throw Damaged($"{subject} takes {end - begin} bytes", $"{bytes} for {dtype.Name} of shape [{sizes}]");
        }

        return new SafetensorsTensorInfo(dtype, shape, count.Value, begin, end);
    }

    private SafetensorsDtype ReadDtype(string subject)
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.String)
        {
            throw Damaged($"the dtype of {subject} is {Kind()}", "a string");
        }

        string name = Text();
        return SafetensorsDtype.Find(name) ?? throw new SafetensorsException(
            $"Cannot read '{_path}': {subject} has the dtype {ErrorText.Quote(name)}, which the format does not have; "
            + $"expected one of {SafetensorsDtype.Names}. Convert the file to one of these.");
    }

    private List<long> ReadIntegers(string subject)
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            throw Damaged($"{subject} is {Kind()}", "an array of whole numbers");
        }

        var values = new List<long>();
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            if (_reader.TokenType != JsonTokenType.Number)
            {
                throw Damaged($"{subject} holds {Kind()}", "whole numbers only");
            }

            if (!_reader.TryGetInt64(out long value) || value < 0)
            {
                throw Damaged(
                    $"{subject} holds {ErrorText.Shorten(Encoding.UTF8.GetString(_reader.ValueSpan))}",
                    "whole numbers from 0 to 2^63 - 1");
            }

            values.Add(value);
        }

        return values;
    }

    private bool NextKey(out string key)
    {
        // The reader itself throws on anything but a key or the object's end, and on an end of the text before it.
        _reader.Read();
        bool found = _reader.TokenType == JsonTokenType.PropertyName;
        key = found ? Text() : "";
        return found;
    }

    private string Text()
    {
        try
        {
            return _reader.GetString() ?? "";
        }
        catch (InvalidOperationException e)
        {
            // An escape such as \ud800 is valid JSON but half of a character.
            throw SafetensorsException.Damaged(_path, "its header has a string with half a surrogate pair", "valid text", e);
        }
    }

    private string Kind() => _reader.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "a truth value",
    };

    private SafetensorsException Damaged(string got, string expected) =>
        SafetensorsException.Damaged(_path, got, expected);
}
