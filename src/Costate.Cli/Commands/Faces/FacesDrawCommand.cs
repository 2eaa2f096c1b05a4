using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Terminals;
using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Files;
using Costate.Faces.Reports;
using SkiaSharp;

namespace Costate.Cli.Commands.Faces;

/// <summary><c>costate faces draw</c>: portraits, one file each, and a sheet of them all.</summary>
internal sealed class FacesDrawCommand : DocumentedCommand
{
    internal const string ReportFile = "faces.json";
    internal const string SheetFile = "sheet.png";

    private const int DefaultPeople = 8;
    private const int DefaultPictures = 8;
    private const int MaxPortraits = 4096;
    private const long MaxPixels = 1 << 26;
    private const int Gap = 2;

    private readonly Terminal terminal;
    private readonly CancellationToken cancellationToken;
    private readonly Option<string> output = CommonOptions.Output("costate-faces");
    private readonly Option<bool> json = CommonOptions.Json();
    private readonly Option<int?> people = CommonOptions.Whole(
        "--people",
        1,
        MaxPortraits,
        $"How many people: rows of the sheet. [default: {DefaultPeople}]");
    private readonly Option<int?> pictures = CommonOptions.Whole(
        "--pictures",
        1,
        MaxPortraits,
        $"How many pictures of each: columns of the sheet. [default: {DefaultPictures}]");
    private readonly Option<ulong?> identity = CommonOptions.Seed(
        "--identity",
        "SEED",
        $"Identity seed of the first person; the others follow. Those below {DrawnFaces.FirstHeldOut} are for training.");
    private readonly Option<ulong?> circumstance = CommonOptions.Seed(
        "--circumstance",
        "SEED",
        "Circumstance seed of the first picture; the others follow.");
    private readonly Option<int?> size = CommonOptions.Whole(
        "--size",
        DrawnFaces.SmallestSize,
        DrawnFaces.LargestSize,
        $"Height and width of a portrait in pixels. [default: 64]");

    [SetsRequiredMembers]
    internal FacesDrawCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("draw", "Draws portraits. An identity seed says who, a circumstance seed with which expression, pose, light and clothes.")
    {
        (this.terminal, this.cancellationToken) = (terminal, cancellationToken);
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
        foreach (Option option in (Option[])[output, json, people, pictures, identity, circumstance, size])
        {
            Options.Add(option);
        }

        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        int rows = parsed.GetValue(people) ?? DefaultPeople;
        int columns = parsed.GetValue(pictures) ?? DefaultPictures;
        int side = parsed.GetValue(size) ?? 64;
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
        using OutputFolder folder = OutputFolder.Prepare(parsed.GetValue(output)!, [SheetFile, ReportFile, .. files]);
        using var sheet = new SKBitmap(
            new SKImageInfo((columns * (side + Gap)) + Gap, (rows * (side + Gap)) + Gap, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using (var canvas = new SKCanvas(sheet))
        using (var progress = new ProgressLine(terminal, "drawing", total: seeds.Length))
        {
            canvas.Clear(SKColors.Gray);
            for (int i = 0; i < seeds.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using SKBitmap portrait = DrawnFaces.Draw(seeds[i].Who, seeds[i].When, side);
                canvas.DrawBitmap(portrait, Gap + (i % columns * (side + Gap)), Gap + (i / columns * (side + Gap)));
                Save(portrait, folder.Stage(files[i]));
                progress.Report(i + 1);
            }
        }

        Save(sheet, folder.Stage(SheetFile));
        string report = JsonReport.Text(
            new { size = side, portraits = seeds.Select((seed, i) => Described(files[i], seed.Who, seed.When)) });
        File.WriteAllText(folder.Stage(ReportFile), report + '\n');
        cancellationToken.ThrowIfCancellationRequested();
        folder.Commit();
        terminal.Output.WriteLine(
            parsed.GetValue(json) ? report : $"{folder.FullName}: {SheetFile}, {ReportFile}, {seeds.Length} portraits");
        return ExitCode.Done;
    }

    private static object Described(string file, ulong identity, ulong circumstance)
    {
        FaceCaption caption = FaceCaption.Of(identity, circumstance);
        return new { file, identity, circumstance, caption = caption.Text, mentioned = caption.Mentioned };
    }

    private static void Check(int rows, int columns, int side)
    {
        if ((long)rows * columns > MaxPortraits || (long)rows * columns * (side + Gap) * (side + Gap) > MaxPixels)
        {
            throw new UsageException(
                $"Got --people {rows} and --pictures {columns} of {side} pixels a side; expected at most {MaxPortraits} portraits and "
                    + $"{MaxPixels} pixels on the sheet. Draw them in several runs, with --identity or --circumstance moved on.");
        }
    }

    private static void Save(SKBitmap picture, string path)
    {
        // In memory first: an error of the disk inside the encoder would end the process.
        using SKData png = picture.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(path, png.ToArray());
    }
}
