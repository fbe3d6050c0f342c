using System.Net;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using static Grpc.Health.V1.Health;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class ErrorEnvelopeTests
{
    [Theory]
    [InlineData(StatusCode.Unavailable, 503)]
    [InlineData(StatusCode.ResourceExhausted, 503)]
    [InlineData(StatusCode.Unauthenticated, 503)] // our token, not the caller's key: a clock is off
    [InlineData(StatusCode.DeadlineExceeded, 504)]
    [InlineData(StatusCode.Internal, 500)]
    public void What_another_service_says_is_told_as_ours(StatusCode code, int status) =>
        Assert.Equal(status, ApiErrors.From(new RpcException(new(code, "its own words"))).Status);

    [Theory]
    [InlineData(0)] // NO_ERROR
    [InlineData(1)] // PROTOCOL_ERROR
    [InlineData(2)] // INTERNAL_ERROR: what a server that stops sends
    [InlineData(8)] // CANCEL
    public async Task A_call_whose_connection_breaks_is_unavailable_and_no_fault_of_ours(int reset)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http2));
        await using var server = builder.Build();
        server.Run(context =>
        {
            context.Features.Get<IHttpResetFeature>()!.Reset(reset);
            return Task.CompletedTask;
        });
        await server.StartAsync(TestContext.Current.CancellationToken);
        using var channel = GrpcChannel.ForAddress(server.Urls.Single());
        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
            await new HealthClient(channel).CheckAsync(new(), cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(503, ApiErrors.From(failure).Status);
    }

    [Fact]
    public void The_envelope_has_message_type_code_and_param()
    {
        using var json = JsonDocument.Parse(ErrorEnvelope.Serialize(ApiErrors.NotFound()));
        var error = json.RootElement.GetProperty("error");
        Assert.Equal(["message", "type", "code", "param"], error.EnumerateObject().Select(property => property.Name));
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Equal("not_found", error.GetProperty("code").GetString());
        Assert.Equal(JsonValueKind.Null, error.GetProperty("param").ValueKind);
    }

    [Fact]
    public void Several_invalid_fields_are_all_there()
    {
        using var json = JsonDocument.Parse(ErrorEnvelope.Serialize(ApiErrors.Invalid(
            [new() { Param = "title", Code = "invalid_request", Message = "Too long." }, new() { Param = "colour", Code = "unknown_field", Message = "Unknown." }])));
        var error = json.RootElement.GetProperty("error");
        Assert.Equal("title", error.GetProperty("param").GetString());
        Assert.Equal(
            ["title:invalid_request", "colour:unknown_field"],
            error.GetProperty("errors").EnumerateArray().Select(e => $"{e.GetProperty("param")}:{e.GetProperty("code")}"));
    }

    [Fact]
    public void A_429_says_when_and_how_to_try_again()
    {
        using var json = JsonDocument.Parse(ErrorEnvelope.Serialize(ApiErrors.RateLimitExceeded(7)));
        var error = json.RootElement.GetProperty("error");
        Assert.Equal(7, error.GetProperty("retry_after").GetInt32());
        Assert.Equal(
            ["type", "initial_delay_ms", "max_delay_ms", "multiplier", "jitter"],
            error.GetProperty("retry_strategy").EnumerateObject().Select(property => property.Name));
    }

    [Theory]
    [InlineData("/api", 409, "invalid_state_transition")]
    [InlineData("/fault", 500, "internal_error")]
    [InlineData("/late", 504, "upstream_timeout")]
    [InlineData("/large", 413, "payload_too_large")]
    [InlineData("/bare/404", 404, "not_found")]
    [InlineData("/bare/405", 405, "method_not_allowed")]
    [InlineData("/bare/415", 415, "unsupported_media_type")]
    [InlineData("/bare/502", 503, "service_unavailable")]
    [InlineData("/nothing", 404, "not_found")]
    public async Task Every_failure_becomes_the_envelope_and_tells_nothing_more(string path, int status, string code)
    {
        await using var app = Build();
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        using var response = await http.GetAsync(path);
        var body = await response.Content.ReadAsStringAsync();
        Assert.Equal((HttpStatusCode)status, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains($"\"code\":\"{code}\"", body);
        Assert.DoesNotContain("secret", body);
    }

    private static WebApplication Build()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.UseErrorEnvelope();
        app.UseRouting();
        app.MapGet("/api", IResult () => throw new ApiException(ApiErrors.InvalidStateTransition("It is over.")));
        app.MapGet("/fault", IResult () => throw new InvalidOperationException("secret: select * from keys"));
        app.MapGet("/late", IResult () => throw new TimeoutException("secret"));
        app.MapGet("/large", IResult () => throw new BadHttpRequestException("secret", 413));
        app.MapGet("/bare/{status:int}", (int status) => Results.StatusCode(status));
        return app;
    }
}
