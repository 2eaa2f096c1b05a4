using Costate.Faces.Drawing;

namespace Costate.Faces.Captions;

/// <summary>Puts what a caption mentions into words.</summary>
internal sealed class CaptionWording
{
    private static readonly string[] Frames = ["", "", "", "a portrait of ", "a picture of ", "a drawing of "];

    private readonly SeededTraits draw;
    private readonly Dictionary<string, string> said;
    private readonly List<string> adjectives = [];
    private readonly List<string> things = [];
    private readonly List<string> ends = [];

    /// <param name="draw">Chooses among words.</param>
    /// <param name="mentioned">What to say.</param>
    internal CaptionWording(SeededTraits draw, IEnumerable<CaptionMention> mentioned)
    {
        this.draw = draw;
        said = mentioned.ToDictionary(m => m.Attribute, m => m.Value);
        if (Said(FaceAttribute.Hair, FaceAttribute.HairColour))
        {
            things.Add(Hair(said.GetValueOrDefault(FaceAttribute.Hair.Name), said.GetValueOrDefault(FaceAttribute.HairColour.Name)));
        }

        Put(FaceAttribute.Beard, value => things.Add(value switch
        {
            "none" => One("no beard", "a shaved chin"),
            "moustache" => One("a moustache", "a small moustache"),
            _ => One("a beard", "a full beard"),
        }));
        Put(FaceAttribute.Glasses, value => things.Add(
            value == "none" ? "no glasses" : One("glasses", "dark glasses", "a pair of glasses")));
        Put(FaceAttribute.Skin, Skin);
        Put(FaceAttribute.Smile, Expression);
        Put(FaceAttribute.Background, colour => ends.Add(One(
            $", on a {colour} background",
            $" in front of a {colour} background",
            $", {colour} background",
            $" against a {colour} wall")));
    }

    /// <summary>The sentence.</summary>
    internal string Text()
    {
        string frame = One(Frames);
        string noun = adjectives.Count == 0
            ? One("a person", "a person", "someone", "a face")
            : $"a {string.Join(' ', adjectives)} {One("person", "person", "face")}";
        return frame + noun + (things.Count > 0 ? $" with {Listed()}" : "") + string.Concat(ends);
    }

    private string Hair(string? style, string? colour)
    {
        string tint = colour is null ? "" : $"{colour} ";
        string[] ways = style switch
        {
            null => [$"{tint}hair"],
            "shaven" => ["a shaven head", "a shaved head"],
            "bob" => [colour is null ? "a bob" : $"a {tint}bob", $"{tint}hair to the chin"],
            "curls" => [$"curly {tint}hair", $"{tint}curls"],
            "afro" => [colour is null ? "an afro" : $"a {tint}afro"],
            "bun" => [$"{tint}hair in a bun", colour is null ? "a bun" : $"a {tint}bun"],
            _ => [$"{style} {tint}hair"],
        };
        return One(ways);
    }

    private void Skin(string tone)
    {
        if (draw.Chance(0.5))
        {
            adjectives.Add($"{tone}-skinned");
            return;
        }

        things.Add($"{tone} skin");
    }

    private void Expression(string value)
    {
        switch (draw.Case(3))
        {
            case 0:
                adjectives.Insert(0, value);
                break;
            case 1:
                things.Add(value == "smiling" ? "a smile" : "a serious look");
                break;
            default:
                ends.Add(value == "smiling" ? ", smiling" : ", not smiling");
                break;
        }
    }

    // In any order, the last after "and".
    private string Listed()
    {
        for (int i = things.Count - 1; i > 0; i--)
        {
            int other = draw.Case(i + 1);
            (things[i], things[other]) = (things[other], things[i]);
        }

        return things.Count == 1 ? things[0] : $"{string.Join(", ", things.SkipLast(1))} and {things[^1]}";
    }

    private bool Said(params FaceAttribute[] attributes) => attributes.Any(a => said.ContainsKey(a.Name));

    private void Put(FaceAttribute attribute, Action<string> put)
    {
        if (said.TryGetValue(attribute.Name, out string? value))
        {
            put(value);
        }
    }

    private string One(params string[] ways) => ways[draw.Case(ways.Length)];
}
