namespace Costate;

internal static class TensorResults
{
    /// <summary>Moves the tensors of a result to the dispose scope around the present one, and returns it.</summary>
    internal static T MoveToOuterDisposeScope<T>(this T result)
        where T : TensorResult
    {
        result.LeaveScope();
        return result;
    }
}
