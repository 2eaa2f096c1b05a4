using System.Text.RegularExpressions;
using Costate.Testing;

namespace Costate.Cli.Tests.Architecture;

/// <summary>Which folders of a project know which, by the types that their files name.</summary>
public sealed partial class RoomTests
{
    // The core: each room may know those before it. The files at the root are samplers, over all that makes one.
    private static readonly string[] Core =
    [
        "Libraries", "Tensors", "Schedules", "Noise", "Denoising", "Tables", "Solvers", "Losses", "Gradients", "Inversion", "",
        "Densities", "Measurements", "Optimisation", "Guidance", "Particles", "Controls",
    ];

    // What every room may name.
    private static readonly string[] Everywhere = ["InputException", "StepProgress", "SamplingPhase", "SelectedProgress"];

    private static readonly Dictionary<string, string> Exceptions = new()
    {
        ["CpuLibraries StartNoise"] = "it finds out whether convolutions are right, on numbers that are drawn",
        ["Finite EvaluationPoint"] = "the message of an output that is not finite names where the network was evaluated",
        ["SamplingRun Solver"] = "a run knows what its table was made by, to name it",
        ["RoundTripInversion Sampler"] = "a round trip is two samplers, one each way",
        ["Inversion Sampler"] = "DDIM inversion is a sampler that runs from data to noise",
    };

    public static TheoryData<string> Others =>
        ["Costate.Networks", "Costate.Faces", "Costate.Experiments", "Costate.Studio", "Costate.Cli"];

    [Fact]
    public void Core_KnowsRoomsBeforeIt()
    {
        Naming[] all = Namings("Costate");
        Assert.Equal(Core.Order(), all.SelectMany(n => (string[])[n.Room, n.OfRoom]).Distinct().Order());
        string[] upwards =
        [
            .. all.Where(n => Array.IndexOf(Core, n.OfRoom) > Array.IndexOf(Core, n.Room) && !Everywhere.Contains(n.Type))
                .Select(n => $"{n.File} {n.Type}"),
        ];
        Assert.Empty(upwards.Except(Exceptions.Keys));
        Assert.Empty(Exceptions.Keys.Except(upwards));
    }

    [Theory]
    [MemberData(nameof(Others))]
    public void Rooms_MakeNoCircle(string project)
    {
        // The command line itself stands above its commands, what else lies at the root below them.
        ILookup<string, string> needs = Namings(project)
            .Select(n => n.Room.Length == 0 && n.File is "CommandLine" or "Program" ? n with { Room = "top" } : n)
            .Where(n => n.Room != n.OfRoom && n.Type != "CommandLine")
            .ToLookup(n => n.Room, n => n.OfRoom);
        HashSet<string> left = [.. needs.Select(n => n.Key)];
        while (left.FirstOrDefault(room => !needs[room].Any(left.Contains)) is string free)
        {
            left.Remove(free);
        }

        Assert.Empty(left);
    }

    // A control: the core's rooms do name each other.
    [Fact]
    public void Namings_AreFound() =>
        Assert.Contains(new Naming("Tables", "TableExecutor", "CompensatedSum", "Tables"), Namings("Costate", within: true));

    private static Naming[] Namings(string project, bool within = false)
    {
        string root = Repository.PathTo("src", project);
        (string Room, string File, string Text)[] files =
        [
            .. Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(root, path))
                .Where(path => !path.StartsWith("obj", StringComparison.Ordinal) && !path.StartsWith("bin", StringComparison.Ordinal))
                .Where(path => !path.StartsWith("buildTransitive", StringComparison.Ordinal))
                .Select(path => (RoomOf(path), Path.GetFileNameWithoutExtension(path), Aside().Replace(File.ReadAllText(Path.Combine(root, path)), ""))),
        ];
        ILookup<string, string> roomsOfType = files
            .SelectMany(file => Declared().Matches(file.Text).Select(m => (Type: m.Groups[1].Value, file.Room)))
            .Distinct()
            .ToLookup(d => d.Type, d => d.Room);
        return
        [
            .. from file in files
               from word in Words().Matches(file.Text).Select(m => m.Value).Distinct()
               where roomsOfType[word].Count() == 1
               let room = roomsOfType[word].Single()
               where within || room != file.Room
               select new Naming(file.Room, file.File, word, room),
        ];
    }

    // Of commands each verb is a room.
    private static string RoomOf(string path)
    {
        string[] parts = path.Split(Path.DirectorySeparatorChar);
        return parts is ["Commands", var verb, _] ? $"Commands/{verb}" : parts.Length > 1 ? parts[0] : "";
    }

    private sealed record Naming(string Room, string File, string Type, string OfRoom);

    // Comments and texts.
    [GeneratedRegex(@"//[^\n]*|""(?:[^""\\\n]|\\.)*""")]
    private static partial Regex Aside();

    [GeneratedRegex(@"^(?:public|internal)[\w ]*?\b(?:class|struct|interface|enum|record(?: struct)?|delegate [\w<>?]+)\s+(\w+)", RegexOptions.Multiline)]
    private static partial Regex Declared();

    [GeneratedRegex(@"\b[A-Z]\w+\b")]
    private static partial Regex Words();
}
