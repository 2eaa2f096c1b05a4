using SkiaSharp;

namespace Costate.Faces.Drawing;

/// <summary>What a face was drawn from, as numbers: of the person, and of the moment.</summary>
internal static class FaceTraits
{
    /// <summary>The traits of a face, in their own units.</summary>
    internal static float[] Of(FaceIdentity person, FaceCircumstance moment) => [.. Person(person), .. Moment(moment)];

    private static IEnumerable<float> Person(FaceIdentity person) =>
    [
        person.HeadWidth, person.JawWidth, person.JawHeight, person.ChinWidth, person.ChinHeight, person.Hairline,
        person.EyeSpacing, person.EyeWidth, person.EyeOpening, person.EyeTilt,
        person.BrowHeight, person.BrowThickness, person.BrowTilt, person.BrowArch,
        person.NoseLength, person.NoseWidth, person.NoseBridge,
        person.MouthHeight, person.MouthWidth, person.LipFullness, person.LipColour,
        person.EarSize, person.HairVolume, person.PartsLeft ? 1 : 0, person.Beard, person.Moustache, person.Blush,
        person.Moles.Count, person.Freckles.Count,
        .. Channels(person.Skin), .. Channels(person.HairColour), .. Channels(person.Iris),
        .. Enum.GetValues<HairStyle>().Select(style => person.Hair == style ? 1f : 0),
    ];

    private static IEnumerable<float> Moment(FaceCircumstance moment) =>
    [
        moment.Smile, moment.MouthOpening, moment.BrowRaise, moment.EyeClosing, moment.Gaze.X, moment.Gaze.Y,
        moment.Yaw, moment.Pitch, moment.Roll, moment.Scale, moment.Shift.X, moment.Shift.Y,
        MathF.Cos(moment.LightAngle * MathF.PI / 180), MathF.Sin(moment.LightAngle * MathF.PI / 180), moment.LightStrength,
        moment.Glasses ? 1 : 0, moment.Collar, moment.Blur, moment.Noise,
        .. Channels(moment.BackgroundAbove), .. Channels(moment.BackgroundBelow), .. Channels(moment.Clothes),
    ];

    private static IEnumerable<float> Channels(SKColor colour) => [colour.Red, colour.Green, colour.Blue];
}
