using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xerotier.OperatorConsole.Visits;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.OperatorConsole.Tests;

/// <summary>What becomes of a request that the API refuses.</summary>
public sealed class VisitFilterTests
{
    [Fact]
    public async Task Who_is_not_signed_in_any_more_learns_why_and_comes_back_to_the_same_list()
    {
        using var gateways = GatewaysTests.Create(TimeProvider.System, new Uri("http://127.0.0.1:9"));
        using var pages = new PageWriter(Brand.Default, NullLoggerFactory.Instance);
        await using var services = new ServiceCollection().AddOptions().AddSingleton(TimeProvider.System).AddSingleton(gateways).AddSingleton(pages).BuildServiceProvider();
        var http = new DefaultHttpContext { RequestServices = services };
        (http.Request.Method, http.Request.Path, http.Request.QueryString) = ("GET", "/console/maintenance", new("?status=active&after=mw_1"));

        var result = await new VisitFilter().InvokeAsync(EndpointFilterInvocationContext.Create(http), _ => throw new ApiException(ApiErrors.SessionExpired));
        await ((IResult)result!).ExecuteAsync(http);

        Assert.Equal(303, http.Response.StatusCode);
        Assert.Equal("/console/sign-in?error=session_expired&return=%2Fconsole%2Fmaintenance%3Fstatus%3Dactive%26after%3Dmw_1", http.Response.Headers.Location);
    }
}
