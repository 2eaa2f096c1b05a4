using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Reports;

namespace Costate.Cli.Commands.Faces;

/// <summary><c>costate faces draw</c>: portraits, one file each, and a sheet of them all.</summary>
internal sealed class FacesDrawCommand : ComputingCommand
{
    internal const string ReportFile = "faces.json";
    internal const string SheetFile = "sheet.png";

    private const int MaxPortraits = 4096;
    private const long MaxPixels = 1 << 26;

    private readonly Option<string> output = CommonOptions.Output("costate-faces");
    private readonly Option<bool> json = CommonOptions.Json();
    private readonly Option<int> people = CommonOptions.Whole(
        "--people", 1, MaxPortraits, "How many people: rows of the sheet.", 8);
    private readonly Option<int> pictures = CommonOptions.Whole(
        "--pictures", 1, MaxPortraits, "How many pictures of each: columns of the sheet.", 8);
    private readonly Option<ulong?> identity = CommonOptions.Seed(
        "--identity", "SEED",
        $"Identity seed of the first person; the others follow. Those below {DrawnFaces.FirstHeldOut} are for training.");
    private readonly Option<ulong?> circumstance = CommonOptions.Seed(
        "--circumstance", "SEED", "Circumstance seed of the first picture; the others follow.");
    private readonly Option<int> size = CommonOptions.Whole(
        "--size", DrawnFaces.SmallestSize, DrawnFaces.LargestSize, "Height and width of a portrait in pixels.", 64);

    internal FacesDrawCommand(CommandContext context)
        : base(
            context, "draw",
            "Draws portraits. An identity seed says who, a circumstance seed with which expression, pose, light and clothes.")
    {
        Notes =
        [
            "The same seeds and size give the same picture.",
            $"Files: face-IDENTITY-CIRCUMSTANCE.png, {SheetFile} (a row for each person) and {ReportFile} (seeds, "
                + $"a caption of each and what it mentions). At most {MaxPortraits} portraits in one run.",
        ];
        Examples =
        [
            new("Eight people in eight pictures each", "costate faces draw"),
            new("One person, large", "costate faces draw --people 1 --pictures 1 --identity 7 --size 512"),
        ];
        AddAll(output, json, people, pictures, identity, circumstance, size);

        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        (int rows, int columns, int side) = (parsed.GetValue(people), parsed.GetValue(pictures), parsed.GetValue(size));
        (ulong firstIdentity, ulong firstCircumstance) = (parsed.GetValue(identity) ?? 0, parsed.GetValue(circumstance) ?? 0);
        Check(rows, columns, side);
        CommonOptions.RequireSeeds("identity", firstIdentity, rows);
        CommonOptions.RequireSeeds("circumstance", firstCircumstance, columns);

        (ulong Who, ulong When)[] seeds =
        [
            .. Enumerable
                .Range(0, rows * columns)
                .Select(i => (firstIdentity + (ulong)(i / columns), firstCircumstance + (ulong)(i % columns))),
        ];
        string[] files = [.. seeds.Select(seed => $"face-{seed.Who}-{seed.When}.png")];
        var settings = new RunSettings(parsed.GetValue(output)!, Json: parsed.GetValue(json));
        return Produce(settings, [SheetFile, ReportFile, .. files], folder =>
        {
            using var line = new ProgressLine(Terminal, "drawing", total: seeds.Length);
            PortraitSheet.Draw(seeds, side, columns, files, folder, SheetFile, line, Cancellation);
            string report = JsonReport.Text(
                new { size = side, portraits = seeds.Select((seed, i) => Described(files[i], seed.Who, seed.When)) });
            return new Outcome(report, ReportFile, _ => { }) { Written = $"{SheetFile}, {ReportFile}, {seeds.Length} portraits" };
        });
    }

    private static object Described(string file, ulong identity, ulong circumstance)
    {
        FaceCaption caption = FaceCaption.Of(identity, circumstance);
        return new { file, identity, circumstance, caption = caption.Text, mentioned = caption.Mentioned };
    }

    private static void Check(int rows, int columns, int side)
    {
        UsageException.ThrowIf(
            (long)rows * columns > MaxPortraits || (long)rows * columns * PortraitSheet.Cell(side) * PortraitSheet.Cell(side) > MaxPixels,
            $"Got --people {rows} and --pictures {columns} of {side} pixels a side; expected at most {MaxPortraits} portraits and "
                + $"{MaxPixels} pixels on the sheet. Draw them in several runs, with --identity or --circumstance moved on.");
    }
}
