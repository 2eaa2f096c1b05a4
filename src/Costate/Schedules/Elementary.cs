namespace Costate;

/// <summary>
/// <c>log(1 + x)</c> and <c>exp(x) - 1</c> to a few units in the last place for small <c>x</c>.
/// </summary>
/// <remarks>
/// .NET's <c>double.LogP1</c> and <c>double.ExpM1</c> compute the naive expressions and lose every digit near zero
/// (a relative error of 9e-5 at 1e-12). These are the corrections of Kahan (see Higham 2002, section 1.14.1).
/// </remarks>
internal static class Elementary
{
    internal static double LogOnePlus(double x)
    {
        double u = 1 + x;
        return u == 1 ? x : double.IsInfinity(u) || u <= 0 ? Math.Log(u) : Math.Log(u) * (x / (u - 1));
    }

    internal static double ExpMinusOne(double x)
    {
        double u = Math.Exp(x);
        if (u == 1)
        {
            return x;
        }

        double difference = u - 1;
        return difference == -1 || double.IsInfinity(u) ? difference : difference * (x / Math.Log(u));
    }
}
