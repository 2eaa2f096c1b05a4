using System.CommandLine;
using Costate.Faces.Captions;

namespace Costate.Cli.Commands.Train;

/// <summary><c>costate train vocabulary</c>: the tokens of captions.</summary>
internal sealed class TrainVocabularyCommand : ComputingCommand
{
    private const int MaxCaptions = 1_000_000;
    private const int MaxMerges = 48_894;

    private readonly Option<string> output = CommonOptions.Output("costate-vocabulary");
    private readonly Option<int> captions = CommonOptions.Whole(
        "--captions", 1, MaxCaptions, "Captions to learn from, one of each person.", 20_000);
    private readonly Option<int> merges = CommonOptions.Whole(
        "--merges", 0, MaxMerges, "At most so many pairs become one token.", 400);

    internal TrainVocabularyCommand(CommandContext context)
        : base(context, "vocabulary", "Learns a vocabulary of byte pairs from the captions of drawn faces, in CLIP's format.")
    {
        Notes = [$"Files: {CaptionVocabulary.VocabularyFile} and {CaptionVocabulary.MergesFile}, the same on every machine."];
        Examples = [new("The vocabulary that comes with the tool", "costate train vocabulary --output tokenizer")];
        AddAll(output, captions, merges);

        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        (int count, int most) = (parsed.GetValue(captions), parsed.GetValue(merges));
        string[] files = [CaptionVocabulary.VocabularyFile, CaptionVocabulary.MergesFile];
        return Produce(new RunSettings(parsed.GetValue(output)!), files, folder =>
        {
            var vocabulary = CaptionVocabulary.Learn(FaceCaption.Texts(count, Cancellation), most);
            File.WriteAllText(folder.Stage(CaptionVocabulary.VocabularyFile), vocabulary.VocabularyText());
            File.WriteAllText(folder.Stage(CaptionVocabulary.MergesFile), vocabulary.MergesText());
            return Outcome.OfFiles with { Remark = $", {vocabulary.Tokens.Count} tokens" };
        });
    }
}
