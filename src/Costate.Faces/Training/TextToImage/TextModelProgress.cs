namespace Costate.Faces.Training.TextToImage;

/// <summary>How far the training of a text-to-image model is.</summary>
/// <param name="Doing">What is being done: a part's name, or what comes before it.</param>
/// <param name="Share">How much of that is done, 0..1.</param>
/// <param name="Training">How a part's training stands; null for what comes before.</param>
internal readonly record struct TextModelProgress(string Doing, double Share, TrainingProgress? Training);
