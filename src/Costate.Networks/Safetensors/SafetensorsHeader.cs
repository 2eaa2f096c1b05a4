using System.Text.Json;
using System.Text.Unicode;

namespace Costate.Networks;

/// <summary>The parsed and checked header of a safetensors file.</summary>
internal sealed class SafetensorsHeader
{
    private SafetensorsHeader(
        IReadOnlyList<string> names,
        IReadOnlyDictionary<string, SafetensorsTensorInfo> tensors,
        IReadOnlyDictionary<string, string> metadata)
    {
        Names = names;
        Tensors = tensors;
        Metadata = metadata;
    }

    internal IReadOnlyList<string> Names { get; }

    internal IReadOnlyDictionary<string, SafetensorsTensorInfo> Tensors { get; }

    internal IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Parses the header and checks it against the size of the data section that follows it.</summary>
    /// <exception cref="SafetensorsException">The header breaks the format, or holds something unsupported.</exception>
    internal static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json, long dataLength)
    {
        if (json[0] != (byte)'{')
        {
            throw SafetensorsException.Damaged(path, $"its header starts with byte 0x{json[0]:x2}", "'{'");
        }

        if (!Utf8.IsValid(json))
        {
            throw SafetensorsException.Damaged(path, "its header is not valid UTF-8", "a JSON object in UTF-8");
        }

        var parser = new SafetensorsHeaderParser(path, json, dataLength);
        try
        {
            parser.Parse();
        }
        catch (JsonException e)
        {
            throw SafetensorsException.Damaged(
                path,
                $"its header is not valid JSON of three levels ({ErrorText.Shorten(e.Message)})",
                "a JSON object of tensors",
                e);
        }

        CheckCoverage(path, parser.Names, parser.Tensors, dataLength);
        return new SafetensorsHeader(parser.Names.AsReadOnly(), parser.Tensors.AsReadOnly(), parser.Metadata.AsReadOnly());
    }

    /// <summary>The format demands that the tensors tile the data section: no hole, no overlap, nothing behind them.</summary>
    private static void CheckCoverage(
        string path, List<string> names, Dictionary<string, SafetensorsTensorInfo> tensors, long dataLength)
    {
        string[] ordered = [.. names
            .OrderBy(name => tensors[name].Begin)
            .ThenBy(name => tensors[name].End)];

        long covered = 0;
        string previous = "";
        foreach (string name in ordered)
        {
            SafetensorsTensorInfo tensor = tensors[name];
            if (tensor.Begin < covered)
            {
                throw SafetensorsException.Damaged(
                    path,
                    $"tensor {ErrorText.Quote(name)} starts at byte {tensor.Begin}, inside tensor {ErrorText.Quote(previous)}",
                    $"tensors that do not overlap, so a start at byte {covered}");
            }

            if (tensor.Begin > covered)
            {
                throw SafetensorsException.Damaged(
                    path,
                    $"no tensor covers bytes {covered} to {tensor.Begin}, before tensor {ErrorText.Quote(name)}",
                    "tensors without gaps between them");
            }

            covered = tensor.End;
            previous = name;
        }

        if (covered != dataLength)
        {
            throw SafetensorsException.Damaged(
                path,
                $"its tensors end at byte {covered} of a data section of {dataLength} bytes",
                "tensors that cover all of it");
        }
    }
}
