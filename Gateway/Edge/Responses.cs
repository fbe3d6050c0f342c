using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway.Edge;

/// <summary>The Gateway's own responses: JSON, errors over HTTP, errors over gRPC.</summary>
internal static class Responses
{
    private const string RequestId = "X-Request-Id";
    private static readonly SearchValues<char> RequestIdCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>Gives the request its id: the caller's if it is well-formed (1 to 128 of <c>[A-Za-z0-9._-]</c>), else a new one.</summary>
    public static string SetRequestId(HttpContext context)
    {
        var sent = context.Request.Headers[RequestId];
        var id = sent is [{ Length: > 0 and <= 128 } one] && !one.AsSpan().ContainsAnyExcept(RequestIdCharacters)
            ? one
            : NewRequestId();
        context.Response.Headers[RequestId] = id;
        return id;
    }

    private static string NewRequestId()
    {
        Span<byte> random = stackalloc byte[16];
        Random.Shared.NextBytes(random);
        return Convert.ToHexStringLower(random);
    }

    /// <summary>The id that <see cref="SetRequestId"/> gave.</summary>
    public static StringValues RequestIdOf(HttpContext context) => context.Response.Headers[RequestId];

    /// <summary>Whether the caller speaks gRPC, so that the response must be gRPC too. <c>application/grpc-web</c> is another protocol, which is not spoken here.</summary>
    public static bool IsGrpc(HttpRequest request)
    {
        const string grpc = "application/grpc";
        return HttpProtocol.IsHttp2(request.Protocol) && request.ContentType is { } type && type.StartsWith(grpc, StringComparison.OrdinalIgnoreCase)
            && (type.Length == grpc.Length || type[grpc.Length] is '+' or ';' or ' ');
    }

    /// <summary>Writes JSON.</summary>
    public static Task WriteJsonAsync<T>(HttpContext context, int status, T value, JsonTypeInfo<T> type)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    /// <summary>Ends the request with <paramref name="error"/>, in the caller's protocol. Clears the headers that a failed response left, except the request's id and limits.</summary>
    /// <param name="context">The request.</param>
    /// <param name="error">What is wrong.</param>
    /// <param name="pages">On public paths: a request that prefers <c>text/html</c> gets a page.</param>
    public static Task WriteErrorAsync(HttpContext context, ApiError error, ErrorPages? pages = null)
    {
        var response = context.Response;
        if (response.HasStarted)
        {
            return Task.CompletedTask;
        }

        var kept = CommonHeaders.Of(response);
        response.Clear();
        kept.SetOn(response);
        return IsGrpc(context.Request) ? WriteGrpcErrorAsync(context, error)
            : pages is not null && ErrorPages.IsPreferred(context.Request) ? pages.WriteAsync(context, error)
            : ErrorEnvelope.WriteAsync(context, error);
    }

    /// <summary>Appends the gRPC form of <paramref name="error"/> to a response that has started.</summary>
    public static void AppendGrpcTrailers(HttpContext context, ApiError error)
    {
        var (status, message) = GrpcStatus(error);
        context.Response.AppendTrailer("grpc-status", status);
        context.Response.AppendTrailer("grpc-message", message);
        context.Response.AppendTrailer(GrpcErrors.CodeTrailer, error.Code);
    }

    /// <summary>The gRPC status code of a response that has ended.</summary>
    public static int GrpcStatusOf(HttpContext context)
    {
        if (context.RequestAborted.IsCancellationRequested)
        {
            return (int)Grpc.Core.StatusCode.Cancelled;
        }

        var sent = context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers["grpc-status"] ?? default;
        if (sent.Count == 0)
        {
            sent = context.Response.Headers["grpc-status"]; // a response of headers only
        }

        return int.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status <= 16 ? status : (int)Grpc.Core.StatusCode.Unknown;
    }

    /// <summary>A response of headers only: gRPC's form for a call that fails before it begins.</summary>
    private static Task WriteGrpcErrorAsync(HttpContext context, ApiError error)
    {
        var (status, message) = GrpcStatus(error);
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = status;
        response.Headers["grpc-message"] = message;
        response.Headers[GrpcErrors.CodeTrailer] = error.Code;
        return Task.CompletedTask;
    }

    private static (string Status, string Message) GrpcStatus(ApiError error)
    {
        // gRPC has its own status for a method that does not exist.
        var code = error.Status is 404 or 405 ? Grpc.Core.StatusCode.Unimplemented : GrpcErrors.ToRpc(error).StatusCode;
        return (((int)code).ToString(), Uri.EscapeDataString(error.Message).Replace("%20", " ", StringComparison.Ordinal));
    }
}
