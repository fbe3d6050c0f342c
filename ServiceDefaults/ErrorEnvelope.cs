using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xerotier.Contracts;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.ServiceDefaults;

/// <summary>Answers every failure over HTTP with the one envelope of product.md section 2.</summary>
public static partial class ErrorEnvelope
{
    /// <summary>The outermost middleware: turns exceptions, and bare status codes that a component left, into the envelope.</summary>
    public static IApplicationBuilder UseErrorEnvelope(this IApplicationBuilder app)
    {
        var logger = app.ApplicationServices.GetService(typeof(ILoggerFactory)) is ILoggerFactory factory
            ? factory.CreateLogger("Xerotier.Errors")
            : throw new InvalidOperationException("Logging is not registered.");

        return app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            catch (Exception failure) when (!context.Response.HasStarted)
            {
                if (context.RequestAborted.IsCancellationRequested)
                {
                    return; // nobody is there to answer
                }

                var error = ApiErrors.From(failure);
                if (error.Status > 500)
                {
                    LogUnavailable(logger, context.Request.Method, context.GetEndpoint()?.DisplayName, error.Code, failure.Message);
                }
                else if (error.Status == 500)
                {
                    LogFailure(logger, failure, context.Request.Method, context.GetEndpoint()?.DisplayName);
                }

                context.Response.Clear();
                await (context.GetEndpoint()?.Metadata.GetMetadata<ForPeople>() is not null && ErrorPages.IsPreferred(context.Request)
                    ? context.RequestServices.GetRequiredService<ErrorPages>().WriteAsync(context, error)
                    : WriteAsync(context, error));
                return;
            }

            var response = context.Response;
            if (response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null } && !IsGrpc(context))
            {
                await WriteAsync(context, ApiErrors.FromStatus(response.StatusCode, response.Headers.Allow));
            }
        });
    }

    /// <summary>Writes <paramref name="error"/> as the response, which must not have started.</summary>
    public static Task WriteAsync(HttpContext context, ApiError error)
    {
        var response = context.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        if (error.Allow is { Length: > 0 } allow)
        {
            response.Headers.Allow = allow;
        }

        if (error.RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            return Task.CompletedTask;
        }

        var body = Serialize(error);
        response.ContentLength = body.Length;
        return response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    /// <summary>The envelope's bytes.</summary>
    public static byte[] Serialize(ApiError error) => JsonSerializer.SerializeToUtf8Bytes(
        new ErrorResponse
        {
            Error = new()
            {
                Message = error.Message,
                Type = error.Type,
                Code = error.Code,
                Param = error.Param,
                Errors = error.Errors,
                RetryAfter = error.RetryAfterSeconds,
                RetryStrategy = error.Type == ErrorTypes.RateLimit
                    ? new() { InitialDelayMs = Math.Max(1, error.RetryAfterSeconds ?? 1) * 1000, MaxDelayMs = 60_000, Multiplier = 2, Jitter = true }
                    : null,
            },
        },
        ContractsJson.Wire.ErrorResponse);

    private static bool IsGrpc(HttpContext context) =>
        context.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true;

    [LoggerMessage(1, LogLevel.Error, "{Method} {Endpoint} failed")]
    private static partial void LogFailure(ILogger logger, Exception failure, string method, string? endpoint);

    // A dependency that does not respond is expected: no stack.
    [LoggerMessage(2, LogLevel.Warning, "{Method} {Endpoint} failed with {Code}: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string method, string? endpoint, string code, string reason);
}
