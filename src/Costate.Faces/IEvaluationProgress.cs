namespace Costate.Faces;

/// <summary>Told of progress, and of each evaluation of a network.</summary>
internal interface IEvaluationProgress : IProgress<double>
{
    /// <summary>So many more were made.</summary>
    void Evaluated(int count);
}
