namespace Costate.Experiments.Evaluation;

/// <summary>
/// What has been published of a method: MMPMR in percent on SYN-MAD 2022 with the DiffAE of FFHQ-256, at a false match rate of 0.1 %.
/// </summary>
internal sealed record PublishedRates(double AdaFace, double ArcFace, double ElasticFace, long Evaluations);
