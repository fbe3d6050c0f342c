using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xerotier.OperatorConsole.SignIn;
using Xerotier.OperatorConsole.Visits;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.OperatorConsole.Tests;

/// <summary>What a user chooses.</summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("https", true)]
    [InlineData("http", false)]
    [InlineData(null, false)]
    public async Task The_time_zone_is_kept_for_the_connection_that_the_browser_has(string? scheme, bool secure)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton(TimeProvider.System).AddSingleton(Brand.Default).AddSingleton<PageWriter>().AddSingleton(_ => GatewaysTests.Create(TimeProvider.System, new Uri("http://127.0.0.1:9")));
        await using var app = builder.Build();
        app.MapGroup("/console").MapSignIn();
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
        using var form = new FormUrlEncodedContent([new("zone", "Asia/Tokyo")]);
        if (scheme is not null)
        {
            form.Headers.Add(ConsoleSession.SchemeHeader, scheme);
        }

        using var response = await http.PostAsync(new Uri($"{app.Urls.Single()}/console/settings"), form, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.SeeOther, response.StatusCode);
        var cookie = response.Headers.GetValues("Set-Cookie").Single();
        Assert.StartsWith("xero_zone=Asia%2FTokyo; ", cookie);
        Assert.Equal(secure, cookie.Contains("; secure", StringComparison.Ordinal));
    }
}
