using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Terminals;
using Costate.Faces.Captions;
using Costate.Faces.Files;

namespace Costate.Cli.Commands.Train;

/// <summary><c>costate train vocabulary</c>: the tokens of captions.</summary>
internal sealed class TrainVocabularyCommand : DocumentedCommand
{
    private const int MaxCaptions = 1_000_000;
    private const int MaxMerges = 48_894;

    private readonly Terminal terminal;
    private readonly CancellationToken cancellationToken;
    private readonly Option<string> output = CommonOptions.Output("costate-vocabulary");
    private readonly Option<int?> captions = CommonOptions.Whole(
        "--captions", 1, MaxCaptions, $"Captions to learn from, one of each person. [default: {CaptionVocabulary.UsualCaptions}]");
    private readonly Option<int?> merges = CommonOptions.Whole(
        "--merges", 0, MaxMerges, $"At most so many pairs become one token. [default: {CaptionVocabulary.UsualMerges}]");

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
        (int count, int most) = (parsed.GetValue(captions) ?? CaptionVocabulary.UsualCaptions, parsed.GetValue(merges) ?? CaptionVocabulary.UsualMerges);
        string[] files = [CaptionVocabulary.VocabularyFile, CaptionVocabulary.MergesFile];
        using OutputFolder folder = OutputFolder.Prepare(parsed.GetValue(output)!, files);
        CaptionVocabulary vocabulary = CaptionVocabulary.OfDrawnFaces(count, most, cancellationToken);
        File.WriteAllText(folder.Stage(CaptionVocabulary.VocabularyFile), vocabulary.VocabularyText());
        File.WriteAllText(folder.Stage(CaptionVocabulary.MergesFile), vocabulary.MergesText());
        folder.Commit();
        terminal.Output.WriteLine($"{folder.FullName}: {string.Join(", ", files)}, {vocabulary.Tokens.Count} tokens");
        return ExitCode.Done;
    }
}
