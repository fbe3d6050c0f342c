using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Xerotier.Gateway.Clients;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Limits;
using Xerotier.Gateway.Proxy;
using Xerotier.Gateway.Sessions;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway.ConsolePages;

/// <summary>
/// The operators' console at the edge (console.md, section 23): people sign in with a key and sign out here, and everything else goes to the Console
/// with the session that its cookie names. A key goes no further than this class, and neither is kept.
/// </summary>
internal sealed partial class ConsoleHandlers(
    SessionAuthorization authorization, KnownSessions sessions, SessionStore store, SessionCookie cookie, KnownKeys keys, RateLimits limits, ClientAddresses clients, Upstreams upstreams, Forwarder forward,
    Brand brand, IOptions<ConsoleOptions> options, [FromKeyedServices(DatabaseTime.Key)] TimeProvider time, ILogger<ConsoleHandlers> logger)
{
    /// <summary>How long after the Gateway's start the link signs in.</summary>
    private static readonly TimeSpan LinkOpens = TimeSpan.FromMinutes(10);

    private static readonly SearchValues<char> ZoneCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/%");

    private readonly bool exists = upstreams.Has(Upstreams.Console);
    private readonly Handler console = upstreams.Has(Upstreams.Console) ? forward.To(Upstreams.Console) : _ => throw new ApiException(ApiErrors.NotFound());
    private readonly long started = time.GetTimestamp();

    /// <summary>GET /console.</summary>
    public Task RedirectAsync(Call call)
    {
        Enter(call);
        Redirect(call, ReturnPath.Default, StatusCodes.Status308PermanentRedirect);
        return Task.CompletedTask;
    }

    /// <summary>GET /console/assets/{name}: for everybody.</summary>
    public Task AssetAsync(Call call)
    {
        Enter(call);
        return console(call);
    }

    /// <summary>GET /console/sign-in: for everybody, and with a session, which may take a second key.</summary>
    public async Task SignInPageAsync(Call call)
    {
        if (await FindAsync(call) is { } session)
        {
            Add(call, session);
        }
        else if (call.Http.Request.Headers["Sec-Fetch-Site"] == "cross-site" && !call.Http.Request.Query.ContainsKey("error"))
        {
            await GoOnFromHereAsync(call);
            return;
        }

        await console(call);
    }

    /// <summary>GET /console/{path}.</summary>
    public async Task PageAsync(Call call)
    {
        if (await FindAsync(call) is { } session)
        {
            Add(call, session);
            await console(call);
            return;
        }

        var request = call.Http.Request;
        if (request.Path.StartsWithSegments("/console/link", StringComparison.Ordinal))
        {
            throw new ApiException(ApiErrors.NotFound()); // a token is not taken along
        }

        if (request.Headers.ContainsKey(ConsoleSession.LiveHeader) || (!ErrorPages.IsPreferred(request) && request.Headers.Accept.ToString().Contains("application/json", StringComparison.OrdinalIgnoreCase)))
        {
            throw new ApiException(ApiErrors.SessionExpired);
        }

        Redirect(call, ReturnPath.SignIn(request.Path.Value + request.QueryString.Value, cookie.Read(call) is null ? null : ApiErrors.SessionExpired.Code));
    }

    /// <summary>POST /console/{path}.</summary>
    public async Task PostAsync(Call call)
    {
        var request = call.Http.Request;
        var session = await FindAsync(call);
        var refused = session is null ? ApiErrors.SessionExpired : ApiErrors.CsrfFailed;
        var keepsForm = ErrorPages.IsPreferred(request); // what somebody has typed is not lost because they were signed out meanwhile
        if (!IsFromOurPage(call) || (session is null && !keepsForm))
        {
            throw new ApiException(refused);
        }

        if (session is null && limits.TakeQuery(call.Client) is { } exceeded)
        {
            throw new ApiException(exceeded);
        }

        var form = await Form.ReadAsync(call);
        var isInterrupted = session is null || !form.IsOf(session.Secret);
        if (isInterrupted && !keepsForm)
        {
            throw new ApiException(refused);
        }

        using var body = new MemoryStream(form.Bytes, writable: false);
        request.Body = body;
        request.Headers.TransferEncoding = default;
        request.ContentLength = form.Bytes.Length;
        KeptForms.Keep(call, form, session?.Secret, isPassedOn: !isInterrupted);
        Add(call, session, isInterrupted);
        await console(call);
    }

    /// <summary>POST /console/sign-in.</summary>
    public async Task SignInAsync(Call call)
    {
        Enter(call);
        if (!IsFromOurPage(call))
        {
            throw new ApiException(ApiErrors.CsrfFailed);
        }

        if (limits.TakeQuery(call.Client) is { } exceeded)
        {
            throw new ApiException(exceeded);
        }

        if (limits.TakeSignIn(call.Client) is { } failed)
        {
            throw new ApiException(failed with { Message = $"Too many wrong keys were tried from your network. You can try again in {failed.RetryAfterSeconds} s." });
        }

        var form = await Form.ReadAsync(call);
        var error = await SignInAsync(call, form);
        if (error is not { Status: < StatusCodes.Status500InternalServerError and not StatusCodes.Status429TooManyRequests, Code: not "csrf_failed" })
        {
            limits.ReturnSignIn(call.Client); // neither success, nor our own failure, nor a key's own limit, nor an old page
        }

        if (error is { Status: StatusCodes.Status429TooManyRequests })
        {
            throw new ApiException(error);
        }

        Redirect(call, error is not null ? ReturnPath.SignIn(form["return"], error.Code) : form["return"] is { } path && ReturnPath.IsSafe(path) ? path : ReturnPath.Default);
    }

    /// <summary>POST /console/sign-out.</summary>
    public async Task SignOutAsync(Call call)
    {
        Enter(call);
        if (!IsFromOurPage(call))
        {
            throw new ApiException(ApiErrors.CsrfFailed); // a form from elsewhere comes without the cookie, and must not take it away
        }

        var (goesOn, error) = (false, (string?)null);
        var secret = cookie.Read(call);
        try
        {
            if (await authorization.FindAsync(secret, call.Client, call.Aborted) is { } known)
            {
                goesOn = await LeaveAsync(call, known.Reading.Hash, (await ReadAsync(call, secret!))["of"]);
            }
        }
        catch (Exception failure) when (!call.Aborted.IsCancellationRequested && ApiErrors.From(failure) is { Status: StatusCodes.Status503ServiceUnavailable or StatusCodes.Status504GatewayTimeout })
        {
            error = "sign_out_unfinished"; // the browser forgets the session all the same
        }

        if (!goesOn)
        {
            cookie.Write(call, null);
        }

        Redirect(call, goesOn ? ReturnPath.Default : ReturnPath.SignIn(null, error));
    }

    /// <summary>GET /console/link/{token}.</summary>
    public async Task LinkAsync(Call call)
    {
        var context = call.Http;
        var token = context.Request.Path.Value![^RandomSecret.Length..];
        if (options.Value.SignInToken is not { Length: > 0 } expected
            || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(token), Encoding.ASCII.GetBytes(expected))
            || !clients.IsLocal(context, call.Client)
            || HttpMethods.IsHead(context.Request.Method))
        {
            throw new ApiException(ApiErrors.NotFound());
        }

        Enter(call);
        var secret = RandomSecret.Create();
        if (time.GetElapsedTime(started) > LinkOpens || !await store.BeginByLinkAsync(RandomSecret.Hash(token), RandomSecret.Hash(secret), options.Value.SignInProject).WaitAsync(call.Aborted))
        {
            Redirect(call, await FindAsync(call) is null ? ReturnPath.SignIn(null, "link_used") : ReturnPath.Default); // a second click leads where the first has led
            return;
        }

        LogLinkUsed(logger);
        cookie.Write(call, secret);
        Redirect(call, ReturnPath.Default);
    }

    /// <summary>Every path of the console comes by here first.</summary>
    /// <exception cref="ApiException">404: there is no console. 403: it is not shown over plain HTTP from elsewhere.</exception>
    private void Enter(Call call) => _ = exists ? cookie.NameFor(call) : throw new ApiException(ApiErrors.NotFound());

    /// <summary>Whether no page but the console's own has a browser send this.</summary>
    private bool IsFromOurPage(Call call) => CrossOrigin.IsFromOurPage(call.Http.Request, brand, clients.IsSecure(call.Http));

    /// <summary>Begins a session with the key in a form.</summary>
    /// <returns>Why it did not; null: it did.</returns>
    private async Task<ApiError?> SignInAsync(Call call, Form form)
    {
        var value = form["key"]?.Trim();
        if (value is null || !ApiKeyValue.IsWellFormed(value))
        {
            return ApiErrors.InvalidApiKey;
        }

        try
        {
            if (await FindAsync(call) is { } session && !form.IsOf(session.Secret))
            {
                return ApiErrors.CsrfFailed; // what the session holds would go on with this key
            }

            var hash = ApiKeyValue.Hash(value);
            if ((keys.Find(hash) ?? await keys.LookUpAsync(hash, call.Aborted)) is not { } key)
            {
                return ApiErrors.InvalidApiKey;
            }

            var now = time.GetUtcNow();
            var held = key.Key;
            var error = held.ErrorAt(now)
                ?? (!held.Allows(call.Client.Address) ? ApiErrors.IpNotAllowed : null)
                ?? (held.IsPlatform || held.Scopes.Contains(Scopes.Management) ? null : ApiErrors.ScopeInsufficient(Scopes.Management))
                ?? limits.TakeKey(held, Limit.Key, call.Http.Response);
            if (error is not null)
            {
                return error;
            }

            var secret = RandomSecret.Create();
            var old = cookie.Read(call) is { } other ? RandomSecret.Hash(other) : null;
            await store.BeginAsync(RandomSecret.Hash(secret), hash, held.IsPlatform, old).WaitAsync(call.Aborted);
            if (old is not null)
            {
                sessions.Forget(old);
            }

            key.MarkUsed(now);
            LogSignedIn(logger, held.Id);
            cookie.Write(call, secret);
            return null;
        }
        catch (Exception failure) when (!call.Aborted.IsCancellationRequested && ApiErrors.From(failure) is { Status: StatusCodes.Status503ServiceUnavailable or StatusCodes.Status504GatewayTimeout } unavailable)
        {
            return unavailable;
        }
    }

    /// <summary>Ends the session, or takes the key <paramref name="of"/> the project or the platform out of it.</summary>
    /// <returns>Whether it goes on.</returns>
    private async Task<bool> LeaveAsync(Call call, byte[] hash, string? of)
    {
        if (of is not (null or "project" or "platform"))
        {
            throw new ApiException(ApiErrors.Invalid("'of' must be project or platform.", "of"));
        }

        try
        {
            if (of is not null)
            {
                return await store.LeaveAsync(hash, of == "platform").WaitAsync(call.Aborted);
            }

            await store.EndAsync(hash).WaitAsync(call.Aborted);
            return false;
        }
        finally
        {
            sessions.Forget(hash);
        }
    }

    /// <summary>The session of a request, with those of its keys that can be used from where it comes from; null: there is none, or none can.</summary>
    private async ValueTask<Session?> FindAsync(Call call)
    {
        Enter(call);
        var secret = cookie.Read(call);
        if (await authorization.FindAsync(secret, call.Client, call.Aborted) is not { } known)
        {
            return null;
        }

        var reading = known.Reading;
        var project = await authorization.UsableAsync(reading.ProjectValue, call.Client, call.Aborted);
        var platform = await authorization.UsableAsync(reading.PlatformValue, call.Client, call.Aborted);
        if (project is null && platform is null)
        {
            return null;
        }

        authorization.MarkUsed(known, call.Http.Request);
        return new(secret!, new(
            project is null ? null : new(project.ProjectId, reading.ProjectName, project.PlatformProject, project.Name, project.Id),
            platform is null ? null : new(null, null, false, platform.Name, platform.Id),
            reading.EndsAt));
    }

    /// <summary>The form that a page of the session with <paramref name="secret"/> sent.</summary>
    /// <exception cref="ApiException">403: it is from elsewhere.</exception>
    private async Task<Form> ReadAsync(Call call, string secret)
    {
        if (!IsFromOurPage(call))
        {
            throw new ApiException(ApiErrors.CsrfFailed);
        }

        var form = await Form.ReadAsync(call);
        return form.IsOf(secret) ? form : throw new ApiException(ApiErrors.CsrfFailed);
    }

    /// <summary>Lets the Console know of the session, and of the time zone that the user chose.</summary>
    private void Add(Call call, Session? session, bool isInterrupted = false)
    {
        var zone = call.Http.Request.Cookies[ConsoleSession.ZoneCookie];
        call.SessionHeaders =
        [
            .. session is null ? Array.Empty<KeyValuePair<string, string>>() : [new(ConsoleSession.HeldHeader, session.Holds.ToHeader())],
            // Without its secret a session can do nothing, whatever the Console makes of the form.
            isInterrupted ? new(ConsoleSession.InterruptedHeader, session is null ? "-" : ConsoleSession.CsrfToken(session.Secret)) : new(ConsoleSession.SecretHeader, session!.Secret),
            new(ConsoleSession.SchemeHeader, clients.IsSecure(call.Http) ? Uri.UriSchemeHttps : Uri.UriSchemeHttp),
            .. call.Http.Request.Headers.ContainsKey(ConsoleSession.LiveHeader) ? [new(ConsoleSession.LiveHeader, "1")] : Array.Empty<KeyValuePair<string, string>>(),
            .. zone is { Length: > 0 and <= 64 } && !zone.AsSpan().ContainsAnyExcept(ZoneCharacters) ? [new("Cookie", $"{ConsoleSession.ZoneCookie}={Uri.EscapeDataString(zone)}")] : Array.Empty<KeyValuePair<string, string>>(),
        ];
    }

    /// <summary>
    /// A page that goes on by itself to where the request wanted to. With a link on another site, such as a mail's, a browser sends no cookie of
    /// <c>SameSite=Strict</c>, through all redirects: only when a page of ours leads on does it show whether somebody is signed in.
    /// </summary>
    private static Task GoOnFromHereAsync(Call call)
    {
        var (request, response) = (call.Http.Request, call.Http.Response);
        var path = PageShell.Html(request.Query["return"].ToString() is var wanted && ReturnPath.IsSafe(wanted) ? wanted : ReturnPath.Default);
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        return response.WriteAsync(
            $"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Console</title><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><meta name=\"color-scheme\" content=\"light dark\"><meta http-equiv=\"refresh\" content=\"0;url={path}\"></head><body><h1>Console</h1><p><a href=\"{path}\">Go on</a></p></body></html>\n",
            call.Aborted);
    }

    private static void Redirect(Call call, string path, int status = StatusCodes.Status303SeeOther)
    {
        var response = call.Http.Response;
        response.StatusCode = status;
        response.Headers.Location = path;
        response.Headers.CacheControl = "no-store";
        response.Headers["Referrer-Policy"] = "no-referrer";
    }

    [LoggerMessage(1, LogLevel.Information, "Somebody signed in to the console with the key {Key}")]
    private static partial void LogSignedIn(ILogger logger, string key);

    [LoggerMessage(2, LogLevel.Information, "The link to the console was used")]
    private static partial void LogLinkUsed(ILogger logger);

    private sealed record Session(string Secret, ConsoleSession Holds);
}
