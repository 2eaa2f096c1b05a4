using Costate.Faces.Morphs;

namespace Costate.Experiments.Batches;

/// <summary>A pair that is to be morphed, with its pictures.</summary>
internal sealed record MorphBatchPair(PairsRow Row, FacePicture A, FacePicture B);
