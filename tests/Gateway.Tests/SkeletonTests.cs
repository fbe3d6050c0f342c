using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class SkeletonTests
{
    [Fact]
    public async Task Health_answers_in_process()
    {
        await using var pg = await TestPostgres.StartAsync();
        await using var redis = await TestRedis.StartAsync();
        Assert.NotEmpty(await pg.CreateDatabaseAsync());
        await using var service = new InProcessService<Program>(new Dictionary<string, string?>());
        using var http = service.Http();
        var text = await http.GetStringAsync("/healthz", TestContext.Current.CancellationToken);
        Assert.Contains("\"status\":\"ok\"", text);
        var missing = await http.GetAsync("/nothing", TestContext.Current.CancellationToken);
        Assert.Equal(404, (int)missing.StatusCode);
        Assert.Contains("not_found", await missing.Content.ReadAsStringAsync());
        Assert.NotEqual(service.HttpAddress, service.GrpcAddress);
    }
}
