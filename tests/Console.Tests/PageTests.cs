using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Xerotier.OperatorConsole.Api;
using Xerotier.OperatorConsole.Visits;
using Xerotier.OperatorConsole.Windows;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.OperatorConsole.Tests;

/// <summary>Pages as they are sent.</summary>
public sealed class PageTests
{
    private const string Hostile = "</title><script>alert(1)</script>\"'&\u202eRTL 🚧";

    [Fact]
    public async Task Hostile_text_of_a_window_is_text()
    {
        var (html, http) = await RenderAsync(visit => visit.Page<WindowPage>(new() { [nameof(WindowPage.Window)] = Window(Hostile), [nameof(WindowPage.Events)] = new List<MaintenanceEvent>() }));

        Assert.DoesNotContain("<script>alert", html);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", html);
        Assert.Contains($"<h1>{Hostile}</h1>", System.Net.WebUtility.HtmlDecode(html));
        Assert.Equal("no-store", http.Response.Headers.CacheControl);
        Assert.Contains("default-src 'none'", http.Response.Headers.ContentSecurityPolicy.ToString());
    }

    [Fact]
    public async Task A_form_that_met_a_newer_version_shows_both_and_keeps_what_was_typed()
    {
        var form = FormValues.Of(("title", "As typed " + Hostile), ("zone", "UTC"), ("version", "\"7\""));
        form.Refuse(new(412, "conflict_error", "precondition_failed", "The ETag differs."), ["title"]);
        var (html, http) = await RenderAsync(visit => visit.Page<WindowFormPage>(
            new() { [nameof(WindowFormPage.Window)] = Window("As saved"), [nameof(WindowFormPage.Form)] = form, [nameof(WindowFormPage.Services)] = new List<string> { "Inference Routing" }, [nameof(WindowFormPage.IsNewer)] = true },
            form.Status));

        Assert.Equal(412, http.Response.StatusCode);
        Assert.Contains("<bdi>As saved</bdi>", html);
        Assert.Contains("value=\"As typed ", html);
        Assert.DoesNotContain("<script>alert", html);
        Assert.Contains("Somebody saved a newer version meanwhile.", html);
        Assert.Contains($"name=\"csrf\" value=\"{ConsoleSession.CsrfToken("secret")}\"", html);
    }

    [Fact]
    public async Task A_long_list_goes_on_with_its_filter_and_leads_back()
    {
        var list = new ListPage<MaintenanceWindow> { Data = [Window("One")], FirstId = "mw_1", LastId = "mw_1", HasMore = true };
        var asked = "";
        var (html, _) = await RenderAsync(
            visit =>
            {
                asked = visit.ListQuery(50, "status");
                return visit.Page<WindowsPage>(new() { [nameof(WindowsPage.List)] = list, [nameof(WindowsPage.Status)] = "active" });
            },
            "?status=active&after=mw_0&done=purged&other=1");

        Assert.Equal("limit=50&status=active&after=mw_0", asked);
        Assert.Contains("<a href=\"/console/maintenance?status=active\">First page</a>", html);
        Assert.Contains("<a href=\"/console/maintenance?status=active&amp;after=mw_1\" rel=\"next\">Next page</a>", html);
    }

    private static async Task<(string Html, HttpContext Http)> RenderAsync(Func<Visit, IResult> page, string query = "")
    {
        var collection = new ServiceCollection();
        collection.AddLogging();
        collection.AddOptions();
        collection.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([new("services:gateway:internal:0", "http://127.0.0.1:9")]).Build());
        collection.AddSingleton(TimeProvider.System);
        collection.AddSingleton(new ServiceIdentity("console", "1"));
        collection.AddSingleton<LookUp>((_, _) => Task.FromResult<System.Net.IPAddress[]>([]));
        collection.AddSingleton<InternalTokens>();
        collection.AddSingleton<InternalTls>();
        collection.Configure<InternalAuthOptions>(options => options.Keys = [Convert.ToBase64String(new byte[64])]);
        collection.AddSingleton(Brand.Default);
        collection.AddSingleton<PageWriter>();
        collection.AddSingleton<Gateways>();
        await using var services = collection.BuildServiceProvider();
        await using var body = new MemoryStream();
        var http = new DefaultHttpContext { RequestServices = services };
        http.Request.Method = "GET";
        http.Request.Path = "/console/maintenance/mw_1";
        http.Request.QueryString = new(query);
        http.Request.Headers[ConsoleSession.HeldHeader] = new ConsoleSession(new("proj_1", "Project", true, "ops"), null, DateTimeOffset.UtcNow.AddHours(1)).ToHeader();
        http.Request.Headers[ConsoleSession.SecretHeader] = "secret";
        http.Response.Body = body;
        await page(Visit.Of(http)).ExecuteAsync(http);
        return (Encoding.UTF8.GetString(body.ToArray()), http);
    }

    private static MaintenanceWindow Window(string text) => new()
    {
        Id = "mw_1",
        ProjectId = "proj_1",
        Title = text,
        Description = text,
        Severity = WindowSeverity.Warning,
        AffectedServices = [text],
        StartsAt = DateTimeOffset.UnixEpoch,
        EndsAt = DateTimeOffset.UnixEpoch.AddHours(1),
        Status = WindowStatus.Scheduled,
        AutoTransition = false,
        CreatedBy = text,
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
        CompletedAt = null,
        CancelledAt = null,
    };
}
