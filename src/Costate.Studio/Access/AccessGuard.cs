using Microsoft.AspNetCore.Http;

namespace Costate.Studio.Access;

/// <summary>Stands before every page: whose request is let through, and what browsers are told of every answer.</summary>
internal sealed class AccessGuard(AccessToken token, AllowedHosts hosts, Func<int> port)
{
    /// <summary>The parameter of the printed address.</summary>
    internal const string Parameter = "token";

    private const string Bearer = "Bearer ";

    // Nothing from elsewhere, nothing inline, in nobody's frame.
    private const string ContentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>The cookie that holds the token after the first page. Cookies are not told apart by ports, so its name is.</summary>
    internal string Cookie => $"costate-studio-{port()}";

    /// <summary>Lets a request through, or answers why not.</summary>
    internal async Task Pass(HttpContext context, RequestDelegate next)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        if (Refusal(context) is (int status, string why))
        {
            throw new RefusedException(status, why);
        }

        await next(context);
    }

    private (int Status, string Why)? Refusal(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (!request.Host.HasValue || !hosts.Has(request.Host.Host) || (request.Host.Port ?? 80) != port())
        {
            return (StatusCodes.Status421MisdirectedRequest,
                "This address is not one that the studio answers to. Open the one that it printed.");
        }

        // Browsers say where a request comes from; other programs say nothing.
        string? origin = request.Headers.Origin;
        string? site = request.Headers["Sec-Fetch-Site"];
        bool isElsewhere = !string.IsNullOrEmpty(origin)
            && !origin.Equals($"http://{request.Host.Value}", StringComparison.OrdinalIgnoreCase);
        bool opensPage = HttpMethods.IsGet(request.Method) && request.Path == "/";
        if (isElsewhere || (site is "cross-site" or "same-site" && !opensPage))
        {
            return (StatusCodes.Status403Forbidden,
                "This request comes from a page of another site; the studio answers its own pages alone.");
        }

        return Holds(context, opensPage)
            ? null
            : (StatusCodes.Status401Unauthorized,
                "No token, or a wrong one. Open the address that costate studio has printed; its token is new each time that it starts.");
    }

    private bool Holds(HttpContext context, bool opensPage)
    {
        HttpRequest request = context.Request;
        string? given = request.Query[Parameter];
        if (opensPage && token.Is(given))
        {
            context.Response.Cookies.Append(
                Cookie,
                token.Text,
                new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true });
            return true;
        }

        string? header = request.Headers.Authorization;
        return token.Is(request.Cookies[Cookie])
            || (header is not null && header.StartsWith(Bearer, StringComparison.Ordinal) && token.Is(header[Bearer.Length..]));
    }
}
