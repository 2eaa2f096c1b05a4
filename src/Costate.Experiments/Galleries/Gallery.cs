using System.Text.Json;
using Costate.Faces.Files;

namespace Costate.Experiments.Galleries;

/// <summary>Pictures of results, and what is known of each: one page that holds all of it.</summary>
internal sealed class Gallery
{
    /// <summary>What the page is called in a folder of results.</summary>
    internal const string FileName = "gallery.html";

    /// <summary>No page is larger, in bytes: three quarters are pictures in base 64, the rest is what is known of them.</summary>
    internal const long MaxPageBytes = 32 << 20;

    /// <summary>How many pictures a page has at most.</summary>
    internal const int MaxPictures = 20_000;

    // Base 64 makes four bytes of three.
    private const long MaxPictureBytes = MaxPageBytes / 4 * 3 / 4 * 3;
    private const long MaxFactsSize = MaxPageBytes / 8;
    private const long MaxNamesSize = MaxPageBytes / 16;
    private const long MaxJsonBytes = 1 << 24;

    // Its size, its kind and the names of these.
    private const int BytesBesideName = 100;

    private const string NoteFile = "evaluation.json";

    private readonly Dictionary<string, GalleryFacts> facts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> reportOfFolder = new(StringComparer.Ordinal);
    private readonly List<GalleryPicture> pictures = [];
    private readonly List<(string Name, string Reason)> damaged = [];
    private readonly List<(string Name, string Reason)> leftOut = [];

    private bool hasReport;

    private Gallery(string title) => Title = title;

    /// <summary>The name of the folder.</summary>
    internal string Title { get; }

    /// <summary>What the JSON files say, by their names.</summary>
    internal IReadOnlyDictionary<string, GalleryFacts> Facts => facts;

    internal IReadOnlyList<GalleryPicture> Pictures => pictures;

    /// <summary>What could not be read, and why: the page is without it.</summary>
    internal IReadOnlyList<(string Name, string Reason)> Damaged => damaged;

    /// <summary>What there was no room for.</summary>
    internal IReadOnlyList<(string Name, string Reason)> LeftOut => leftOut;

    /// <summary>Reads a folder of results.</summary>
    /// <exception cref="InvalidDataException">It has no report of costate, so it is none.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static Gallery Of(string folder, CancellationToken cancellationToken = default)
    {
        if (!Directory.Exists(folder))
        {
            throw new InvalidDataException($"There is no folder '{folder}'; expected one that costate has written its results to.");
        }

        Gallery gallery = Of(TitleOf(folder), GalleryFile.In(folder), cancellationToken);
        return gallery.hasReport
            ? gallery
            : throw new InvalidDataException(
                $"The folder '{folder}' has no results of costate{gallery.FirstDamage()}; expected a file such as result.json, batch.json "
                    + "or evaluation.json in it, as morph, guide, sample, edit, evaluate and study leave.");
    }

    /// <summary>Adds the page to results that are about to be committed.</summary>
    /// <param name="results">What is staged so far.</param>
    /// <param name="withFolder">Whether what lies in the folder belongs to the results too.</param>
    internal static void Stage(OutputFolder results, bool withFolder = false)
    {
        Gallery gallery = Of(TitleOf(results.FullName), GalleryFile.Of(results, withFolder), default);
        File.WriteAllBytes(results.Stage(FileName), GalleryPage.Of(gallery));
    }

    /// <summary>What is known of a picture: the file of its name, or else the report of its folder or of one above; null if nothing is.
    /// </summary>
    internal string? FactsOf(GalleryFile picture)
    {
        if (facts.ContainsKey($"{picture.Stem}.json"))
        {
            return $"{picture.Stem}.json";
        }

        string folder = picture.Folder;
        while (folder.Length > 0 && !reportOfFolder.ContainsKey(folder))
        {
            folder = folder[..Math.Max(0, folder.LastIndexOf('/'))];
        }

        return reportOfFolder.GetValueOrDefault(folder);
    }

    private static string TitleOf(string folder) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));

    private static Gallery Of(string title, IReadOnlyList<GalleryFile> files, CancellationToken cancellationToken)
    {
        var gallery = new Gallery(title);
        long size = 0;

        // Where a folder has several, the report of what was found out comes before the note of what was asked for.
        foreach (GalleryFile file in files.Where(file => file.IsJson).OrderBy(file => Path.GetFileName(file.Name) == NoteFile))
        {
            cancellationToken.ThrowIfCancellationRequested();
            gallery.Try(file, () =>
            {
                GalleryFacts found = ReadFacts(file);
                gallery.hasReport |= found.IsReport;
                size += found.Size + GalleryFacts.SizeOf(file.Name);
                if (size > MaxFactsSize)
                {
                    gallery.leftOut.Add((file.Name, "there is no room for what it says"));
                    return;
                }

                gallery.facts.Add(file.Name, found);
                if (found.IsReport)
                {
                    gallery.reportOfFolder.TryAdd(file.Folder, file.Name);
                }
            });
        }

        gallery.Show([.. files.Where(file => file.IsPicture)], cancellationToken);
        return gallery;
    }

    private void Show(GalleryFile[] files, CancellationToken cancellationToken)
    {
        long names = 0;
        GalleryFile[] shown =
        [
            .. files.Take(MaxPictures).TakeWhile(file => (names += GalleryFacts.SizeOf(file.Name) + BytesBesideName) <= MaxNamesSize),
        ];
        leftOut.AddRange(files.Skip(shown.Length).Select(file => (file.Name, $"a page has room for {shown.Length} of these pictures")));
        long share = Share([.. shown.Select(LengthOf)]);
        foreach (GalleryFile file in shown)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Try(file, () =>
            {
                if (GalleryPicture.Of(file, share) is GalleryPicture picture)
                {
                    pictures.Add(picture);
                }
                else
                {
                    leftOut.Add((file.Name, $"there is room for {share} bytes, in which it cannot be seen"));
                }
            });
        }
    }

    private static GalleryFacts ReadFacts(GalleryFile file)
    {
        long length = new FileInfo(file.Path).Length;
        return length is > 0 and <= MaxJsonBytes
            ? GalleryFacts.Of(File.ReadAllBytes(file.Path))
            : throw new InvalidDataException($"It has {length} bytes; expected JSON of at most {MaxJsonBytes}.");
    }

    // How large each may be so that all fit: what small ones leave goes to the others.
    private static long Share(long[] lengths)
    {
        Array.Sort(lengths);
        long left = MaxPictureBytes;
        foreach ((int i, long length) in lengths.Index())
        {
            long share = left / (lengths.Length - i);
            if (length > share)
            {
                return share;
            }

            left -= length;
        }

        return MaxPictureBytes;
    }

    private static long LengthOf(GalleryFile file) => new FileInfo(file.Path) is { Exists: true } info ? info.Length : 0;

    private void Try(GalleryFile file, Action read)
    {
        try
        {
            read();
        }
        catch (Exception e)
            when (e is JsonException or InvalidDataException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            // A text of JSON with half a character is an invalid operation.
            damaged.Add((file.Name, e.Message));
        }
    }

    private string FirstDamage() => damaged.Count == 0 ? "" : $" ('{damaged[0].Name}' cannot be read: {damaged[0].Reason.TrimEnd('.')})";
}
