using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Terminals;
using Costate.Faces.Captions;
using Costate.Faces.Files;

namespace Costate.Cli.Commands.Train;

/// <summary><c>costate train vocabulary</c>: the tokens of captions.</summary>
internal sealed class TrainVocabularyCommand : DocumentedCommand
{
    private const int DefaultCaptions = 20_000;
    private const int MaxCaptions = 1_000_000;
    private const int DefaultMerges = 400;
    private const int MaxMerges = 48_894;

    private readonly Terminal terminal;
    private readonly CancellationToken cancellationToken;
    private readonly Option<string> output = CommonOptions.Output("costate-vocabulary");
    private readonly Option<int?> captions = CommonOptions.Whole(
        "--captions", 1, MaxCaptions, $"Captions to learn from, one of each person. [default: {DefaultCaptions}]");
    private readonly Option<int?> merges = CommonOptions.Whole(
        "--merges", 0, MaxMerges, $"At most so many pairs become one token. [default: {DefaultMerges}]");

    [SetsRequiredMembers]
    internal TrainVocabularyCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("vocabulary", "Learns a vocabulary of byte pairs from the captions of drawn faces, in CLIP's format.")
    {
        (this.terminal, this.cancellationToken) = (terminal, cancellationToken);
        Notes = [$"Files: {CaptionVocabulary.VocabularyFile} and {CaptionVocabulary.MergesFile}, the same on every machine."];
        Examples = [new("The vocabulary that comes with the tool", "costate train vocabulary --output tokenizer")];
        foreach (Option option in (Option[])[output, captions, merges])
        {
            Options.Add(option);
        }

        SetAction(Run);
    }

    internal override string? KeptIn(ParseResult parsed) => null;

    private int Run(ParseResult parsed)
    {
        (int count, int most) = (parsed.GetValue(captions) ?? DefaultCaptions, parsed.GetValue(merges) ?? DefaultMerges);
        string[] files = [CaptionVocabulary.VocabularyFile, CaptionVocabulary.MergesFile];
        using OutputFolder folder = OutputFolder.Prepare(parsed.GetValue(output)!, files);
        var vocabulary = CaptionVocabulary.Learn(Texts(count), most);
        cancellationToken.ThrowIfCancellationRequested();
        File.WriteAllText(folder.Stage(CaptionVocabulary.VocabularyFile), vocabulary.VocabularyText());
        File.WriteAllText(folder.Stage(CaptionVocabulary.MergesFile), vocabulary.MergesText());
        folder.Commit();
        terminal.Output.WriteLine($"{folder.FullName}: {string.Join(", ", files)}, {vocabulary.Tokens.Count} tokens");
        return ExitCode.Done;
    }

    private IEnumerable<string> Texts(int count)
    {
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return FaceCaption.Of((ulong)i, 0).Text;
        }
    }
}
