using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Galleries;
using Costate.Faces.Files;

namespace Costate.Cli.Commands.Galleries;

/// <summary><c>costate gallery</c>: one page of a folder of results.</summary>
internal sealed class GalleryCommand : DocumentedCommand
{
    private readonly Argument<string> folder = new("FOLDER")
    {
        Description = "What costate morph, guide, sample, edit, evaluate or study has written to.",
    };
    private readonly Option<string?> output = new("--output", "-o")
    {
        HelpName = "FILE",
        Description = $"The page, a file that ends in .html. [default: {Gallery.FileName} in the folder]",
    };

    internal GalleryCommand(CommandContext context)
        : base(context, "gallery", "Makes one page of a folder of results: its pictures, to sort, to filter and to see side by side.")
    {
        Notes =
        [
            "Pictures and what is known of them become one file, which needs nothing else: it can be opened from a disk, sent, or kept. "
                + "Pointing at a picture shows its settings and losses. What is known of a picture stands in the JSON file of its name, or "
                + "in the report of its folder or of one above it. costate evaluate, morph --batch, and sample --batch leave such a "
                + "page by themselves.",
            $"It has at most {Gallery.MaxPageBytes >> 20} MB and {Gallery.MaxPictures} pictures: those of more than "
                + $"{GalleryPicture.MaxSide} pixels a side are scaled down, and all where there are many. What cannot be read is named, on "
                + "the page too, and left out; the exit code then is 1.",
        ];
        Examples =
        [
            new("Samples, and their page", "costate gallery costate-sample"),
            new("A page somewhere else", "costate gallery costate-sample --output page.html"),
        ];
        Arguments.Add(folder);
        Options.Add(output);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string from = parsed.GetValue(folder)!;
        string to = Path.GetFullPath(parsed.GetValue(output) ?? Path.Combine(from, Gallery.FileName));
        if (!to.EndsWith(".html", StringComparison.OrdinalIgnoreCase))
        {
            throw new InputException("output", parsed.GetValue(output)!, "a file that ends in .html");
        }

        var gallery = Gallery.Of(from, Cancellation);
        using OutputFolder target = OutputFolder.Prepare(Path.GetDirectoryName(to)!, Path.GetFileName(to));
        byte[] page = GalleryPage.Of(gallery);
        File.WriteAllBytes(target.Stage(Path.GetFileName(to)), page);
        target.Commit();
        foreach ((string name, string reason) in gallery.Damaged)
        {
            Terminal.Error.WriteLine($"Left out {name}, which cannot be read: {reason}");
        }

        foreach ((string name, string reason) in gallery.LeftOut)
        {
            Terminal.Error.WriteLine($"Left out {name}: {reason}");
        }

        Terminal.Write($"{to}: {gallery.Pictures.Count} pictures, {page.Length / 1e6:0.0} MB");
        return gallery.Damaged.Count > 0 ? ExitCode.Failed : ExitCode.Done;
    }
}
