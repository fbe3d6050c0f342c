using Xerotier.OperatorConsole.Visits;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.SignIn;

/// <summary>The page to sign in, and the user's own settings. The Gateway takes what is sent: no key ever reaches this service.</summary>
internal static class SignInEndpoints
{
    public static void MapSignIn(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("sign-in", Show);
        pages.MapGet("settings", (Visit visit) => Settings(visit, FormValues.Of(("zone", visit.Zone.Name))));
        pages.MapPost("settings", SaveAsync);
    }

    private static IResult Show(Visit visit) => visit.Page<SignInPage>(new()
    {
        [nameof(SignInPage.Problem)] = visit.Http.Request.Query["error"].ToString() switch
        {
            "" => null,
            "expired_api_key" => "This key has expired.",
            "revoked_api_key" => "This key has been revoked.",
            "scope_insufficient" => "This key may not manage its project: it lacks the scope management.",
            "ip_not_allowed" => "This key may not be used from your address.",
            "project_suspended" => "The key's project is suspended.",
            "session_expired" => "The session has ended; sign in again.",
            "service_unavailable" or "upstream_timeout" => "Keys cannot be checked right now. Try again in a moment.",
            _ => "This key is not valid.",
        },
        [nameof(SignInPage.Return)] = visit.Http.Request.Query["return"].ToString(),
    });

    private static IResult Settings(Visit visit, FormValues form, int status = 200) =>
        visit.Page<SettingsPage>(new() { [nameof(SettingsPage.Form)] = form }, status);

    private static async Task<IResult> SaveAsync(Visit visit)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        if (Zone.Find(form["zone"]) is not { } zone)
        {
            form.Fail("zone", "Choose a time zone, such as Europe/Berlin or UTC.");
            return Settings(visit, form, 400);
        }

        visit.Http.Response.Cookies.Append(ConsoleSession.ZoneCookie, zone.Name, new() { HttpOnly = false, SameSite = SameSiteMode.Strict, Path = "/console/", MaxAge = TimeSpan.FromDays(365), Secure = visit.Http.Request.IsHttps });
        return Visit.See("/console/settings", "zone");
    }
}
