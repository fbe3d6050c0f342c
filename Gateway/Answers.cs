using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Primitives;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway;

/// <summary>How the Gateway itself answers: JSON, errors over HTTP, errors over gRPC.</summary>
internal static class Answers
{
    private const string RequestId = "X-Request-Id";
    private static readonly SearchValues<char> RequestIdCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Gives the request its id: the caller's, where it sent a sane one (1 to 128 of <c>[A-Za-z0-9._-]</c>).</summary>
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

    /// <summary>Whether the caller speaks gRPC, and so must be answered in it.</summary>
    public static bool IsGrpc(HttpRequest request) =>
        HttpProtocol.IsHttp2(request.Protocol) && request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Writes JSON.</summary>
    public static Task WriteJsonAsync(HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Json))
        {
            write(writer);
        }

        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.ContentLength = buffer.WrittenCount;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted).AsTask();
    }

    /// <summary>Ends the request with <paramref name="error"/>, in the caller's protocol. What a failed answer left in the headers goes; the request's id and limits stay.</summary>
    public static Task WriteErrorAsync(HttpContext context, ApiError error)
    {
        var response = context.Response;
        if (response.HasStarted)
        {
            return Task.CompletedTask;
        }

        var kept = OwnHeaders.Of(response);
        response.Clear();
        kept.SetOn(response);
        return IsGrpc(context.Request) ? WriteGrpcErrorAsync(context, error) : ErrorEnvelope.WriteAsync(context, error);
    }

    /// <summary>The gRPC form of <paramref name="error"/> as what follows a started answer.</summary>
    public static void AppendGrpcTrailers(HttpContext context, ApiError error)
    {
        var (status, message) = GrpcStatus(error);
        context.Response.AppendTrailer("grpc-status", status);
        context.Response.AppendTrailer("grpc-message", message);
        context.Response.AppendTrailer(GrpcErrors.CodeTrailer, error.Code);
    }

    /// <summary>An answer of headers alone, as gRPC has it for calls that fail before they begin.</summary>
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
        // A method that does not exist has a status of its own in gRPC.
        var code = error.Status is 404 or 405 ? Grpc.Core.StatusCode.Unimplemented : GrpcErrors.ToRpc(error).StatusCode;
        return (((int)code).ToString(), Uri.EscapeDataString(error.Message).Replace("%20", " ", StringComparison.Ordinal));
    }
}

/// <summary>The headers that every answer of this request carries, whatever becomes of it.</summary>
internal readonly record struct OwnHeaders(StringValues RequestId, StringValues Limit, StringValues Remaining, StringValues Reset)
{
    /// <summary>Those of <paramref name="response"/>.</summary>
    public static OwnHeaders Of(HttpResponse response)
    {
        var headers = response.Headers;
        return new(headers["X-Request-Id"], headers[RateLimitHeaders.Limit], headers[RateLimitHeaders.Remaining], headers[RateLimitHeaders.Reset]);
    }

    /// <summary>Sets them, after something has cleared the answer.</summary>
    public void SetOn(HttpResponse response)
    {
        var headers = response.Headers;
        headers["X-Request-Id"] = RequestId;
        if (Limit.Count > 0)
        {
            (headers[RateLimitHeaders.Limit], headers[RateLimitHeaders.Remaining], headers[RateLimitHeaders.Reset]) = (Limit, Remaining, Reset);
        }
    }
}
