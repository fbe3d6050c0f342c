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

    private static IResult Show(Visit visit)
    {
        var (problem, isOfKey) = visit.Http.Request.Query["error"].ToString() switch
        {
            "" => ((string?)null, false),
            "expired_api_key" => ("This key has expired.", true),
            "revoked_api_key" => ("This key has been revoked.", true),
            "scope_insufficient" => ("This key may not manage its project: it lacks the scope management.", true),
            "ip_not_allowed" => ("This key may not be used from your address.", true),
            "project_suspended" => ("The key's project is suspended.", true),
            "csrf_failed" => ("You signed in or out elsewhere while this page was open. Enter the key again.", false),
            "session_expired" => ("The session has ended; sign in again.", false),
            "link_used" => ("This link signs nobody in now: it was used already, its ten minutes are over, or there is no key for it. Enter a key.", false),
            "sign_out_unfinished" => ("You are signed out in this browser. The session could not be ended on the server, whose database does not respond: it ends by itself after a while without use.", false),
            "service_unavailable" or "upstream_timeout" => ("Keys cannot be checked right now. Try again in a moment.", false),
            _ => ("This key is not valid.", true),
        };
        return visit.Page<SignInPage>(new()
        {
            [nameof(SignInPage.Problem)] = problem,
            [nameof(SignInPage.IsOfKey)] = isOfKey,
            [nameof(SignInPage.Return)] = visit.Http.Request.Query["return"].ToString(),
        });
    }

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

        var isSecure = visit.Http.Request.Headers[ConsoleSession.SchemeHeader] == Uri.UriSchemeHttps;
        visit.Http.Response.Cookies.Append(ConsoleSession.ZoneCookie, zone.Name, new() { HttpOnly = false, SameSite = SameSiteMode.Strict, Path = "/console/", MaxAge = TimeSpan.FromDays(365), Secure = isSecure });
        return Visit.See("/console/settings", "zone");
    }
}
