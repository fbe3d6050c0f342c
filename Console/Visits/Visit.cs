using System.Reflection;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Options;
using Xerotier.OperatorConsole.Api;
using Xerotier.OperatorConsole.Demo;
using Xerotier.OperatorConsole.Shared;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Visits;

/// <summary>One request of a user, as the handlers and pages see it.</summary>
public sealed class Visit
{
    private static readonly object Key = new();

    private readonly PageWriter pages;
    private Task<StatusDocument?>? page;

    private Visit(HttpContext http, PageWriter pages, Gateways gateways, TimeProvider time, ConsoleSession? session, string? secret)
    {
        Http = http;
        this.pages = pages;
        Held = session;
        Now = time.GetUtcNow();
        Csrf = IsInterrupted ? http.Request.Headers[ConsoleSession.InterruptedHeader].ToString() : secret is null ? "" : ConsoleSession.CsrfToken(secret);
        Api = new(gateways, http, secret);
        IsDemo = http.RequestServices.GetRequiredService<IOptions<DemoOptions>>().Value.FleetUrl is not null;
        Zone = Zone.Find(http.Request.Cookies[ConsoleSession.ZoneCookie]) ?? Zone.Utc;
    }

    /// <summary>The request.</summary>
    public HttpContext Http { get; }

    /// <summary>The API, as this user may use it.</summary>
    public GatewayApi Api { get; }

    /// <summary>What the session holds; null on the few pages without one.</summary>
    public ConsoleSession? Held { get; }

    /// <summary>What each form carries.</summary>
    public string Csrf { get; }

    /// <summary>Whether the form that was sent is not to be obeyed: its session has ended, or it was made for another one.</summary>
    public bool IsInterrupted => Http.Request.Headers.ContainsKey(ConsoleSession.InterruptedHeader);

    /// <summary>The zone in which the user reads times.</summary>
    public Zone Zone { get; }

    /// <summary>Whether this is a demo, with a fleet that can be told to fall silent.</summary>
    public bool IsDemo { get; }

    /// <summary>The project's health, where the page has read it.</summary>
    public HealthDashboardResponse? Health { get; set; }

    /// <summary>The newest of the project's drafts, where the page has read them.</summary>
    public ListPage<Incident>? Drafts { get; set; }

    /// <summary>The numbers beside the navigation; null: there are none on this page.</summary>
    public Counts? Counts { get; private set; }

    /// <summary>The instant of the request.</summary>
    public DateTimeOffset Now { get; }

    /// <summary>The path, below which everything is that the page leads to.</summary>
    public string Path => Http.Request.Path.Value!;

    /// <summary>The project that is signed in.</summary>
    /// <exception cref="ApiException">403: none is.</exception>
    public SignedInKey Project() => Held?.Project ?? throw new ApiException(ApiErrors.ScopeInsufficient(Scopes.Management) with { Message = "Sign in with a project's API key of scope management to see this." });

    /// <summary>The platform key that is signed in.</summary>
    /// <exception cref="ApiException">403: none is.</exception>
    public SignedInKey Platform() => Held?.Platform ?? throw new ApiException(ApiErrors.ScopeInsufficient(Scopes.Platform) with { Message = "Sign in with a platform key to see this." });

    /// <summary>The visit of a request; the framework calls it for the parameters of handlers.</summary>
    public static ValueTask<Visit?> BindAsync(HttpContext context, ParameterInfo parameter) => ValueTask.FromResult<Visit?>(Of(context));

    /// <summary>The visit of a request.</summary>
    public static Visit Of(HttpContext http)
    {
        if (http.Items[Key] is Visit known)
        {
            return known;
        }

        var services = http.RequestServices;
        var headers = http.Request.Headers;
        var held = headers[ConsoleSession.HeldHeader].ToString() is { Length: > 0 } header ? ConsoleSession.FromHeader(header) : null;
        var secret = held is null ? null : headers[ConsoleSession.SecretHeader].ToString();
        var visit = new Visit(http, services.GetRequiredService<PageWriter>(), services.GetRequiredService<Gateways>(), services.GetRequiredService<TimeProvider>(), held, secret);
        http.Items[Key] = visit;
        return visit;
    }

    /// <summary>The query of a page of a list in the API: the filters that the user's address names, and the place after which the page begins.</summary>
    /// <param name="limit">The most entries.</param>
    /// <param name="filters">Their names, which are the API's.</param>
    public string ListQuery(int limit, params IEnumerable<string> filters) =>
        $"limit={limit}" + string.Concat(filters.Append("after").SelectMany(Filter, (name, value) => $"&{name}={Uri.EscapeDataString(value)}"));

    /// <summary>What the user's address names of a filter.</summary>
    public IEnumerable<string> Filter(string name) => Http.Request.Query[name].Select(value => value?.Trim() ?? "").Where(value => value.Length > 0);

    /// <summary>What the public page says, which is read once for a request; null: it cannot be read right now.</summary>
    /// <param name="within">The longest that it may take; null: as long as requests do.</param>
    public Task<StatusDocument?> PublicAsync(TimeSpan? within = null) => page ??= GatewayApi.OrNullAsync(Api.GetStatusAsync(within));

    /// <summary>The same where it is as of now: nothing can be foretold of a last known state.</summary>
    /// <param name="within">The longest that it may take; null: as long as requests do.</param>
    public async Task<StatusDocument?> LivePageAsync(TimeSpan? within = null) => await PublicAsync(within) is { StaleSince: null } live ? live : null;

    /// <summary>The path of the project's API.</summary>
    public string OfProject(string path) => $"/{Project().ProjectId}/v1/{path}";

    /// <summary>A page.</summary>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="status">The response's status.</param>
    public IResult Page<TPage>(Dictionary<string, object?> parameters, int status = StatusCodes.Status200OK)
        where TPage : IComponent => new PageResult(pages, typeof(TPage), new(parameters) { [nameof(ConsolePage.Visit)] = this }, status);

    /// <summary>What a change leads to: another page, with a sentence of what has been done.</summary>
    /// <param name="path">The page.</param>
    /// <param name="done">The word for it; see <see cref="Done"/>.</param>
    /// <param name="warnings">What the API said beside it.</param>
    public static IResult See(string path, string? done = null, IReadOnlyList<Warning>? warnings = null) =>
        new SeeOther(done is null ? path : $"{path}?done={done}{string.Concat((warnings ?? []).Select(warning => $"&note={Uri.EscapeDataString(warning.Code)}").Distinct())}");

    private sealed class SeeOther(string path) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = path;
            httpContext.Response.Headers.CacheControl = "no-store";
            return Task.CompletedTask;
        }
    }

    private sealed class PageResult(PageWriter pages, Type page, Dictionary<string, object?> parameters, int status) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var visit = Of(httpContext);
            var request = httpContext.Request;
            var isAnswer = request.Query.ContainsKey("done") && !request.Headers.ContainsKey(ConsoleSession.LiveHeader); // what was changed is not in the numbers yet
            var isPreview = FormValues.SentWith(httpContext)?.IsOn(FormValues.PreviewAloneField) == true;
            visit.Counts = visit is { IsInterrupted: false, Held.Project: not null } && !isAnswer && !isPreview ? await Counts.ReadAsync(visit) : null;
            await pages.WriteAsync(httpContext, page, parameters, status);
        }
    }
}
