using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>
/// How often a training sees each face. One in twenty has a moustache and no beard, and of a smile captions speak in one of seven: drawn
/// alike, a network learns all else and these hardly.
/// </summary>
internal static class FaceFrequencies
{
    private const float MoustacheAlone = 4;
    private const float SmileOrNone = 3;

    /// <summary>[faces], 1 for one as usual.</summary>
    internal static Tensor Of(FaceSelection faces) => tensor(faces.Seeds().Select(Of).ToArray());

    private static float Of((ulong Identity, ulong Circumstance) seed)
    {
        FaceIdentity person = FaceIdentity.FromSeed(seed.Identity);
        FaceCircumstance moment = DrawnFaces.Moment(seed.Identity, seed.Circumstance);
        return (FaceAttribute.Beard.Of(person, moment) == "moustache" ? MoustacheAlone : 1)
            * (FaceAttribute.Smile.Of(person, moment) is null ? 1 : SmileOrNone);
    }
}
