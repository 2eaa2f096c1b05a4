using Costate.Faces.Morphs;

namespace Costate.Cli.Commands.Morph;

/// <summary>A pair that is to be morphed, with its pictures.</summary>
internal sealed record MorphBatchPair(PairsRow Row, FacePicture A, FacePicture B);
