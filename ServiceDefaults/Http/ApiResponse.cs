using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Xerotier.Contracts;

namespace Xerotier.ServiceDefaults.Http;

/// <summary>A 2xx as it goes out, and as an Idempotency-Key brings it back.</summary>
/// <param name="Status">200 or 201.</param>
/// <param name="Body">JSON.</param>
/// <param name="ETag">The object's, if the response shows one.</param>
/// <param name="Location">The new object's path.</param>
public sealed record ApiResponse(int Status, byte[] Body, string? ETag = null, string? Location = null) : IResult
{
    /// <summary>It shows a secret, which nobody may keep.</summary>
    public bool ShowsSecret { get; init; }

    /// <summary>A new object.</summary>
    /// <param name="stored">The object.</param>
    /// <param name="type">Its shape on the wire.</param>
    /// <param name="list">The path that lists its kind.</param>
    public static ApiResponse Created<TStored, TShape>(TStored stored, JsonTypeInfo<TShape> type, PathString list)
        where TStored : TShape, IVersioned =>
        Ok(stored, type) with { Status = StatusCodes.Status201Created, Location = $"{list.Value!.TrimEnd('/')}/{stored.Id}" };

    /// <summary>An object as it is now.</summary>
    public static ApiResponse Ok<TStored, TShape>(TStored stored, JsonTypeInfo<TShape> type)
        where TStored : TShape, IVersioned =>
        new(StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(stored, type), IVersioned.ETagOf(stored.Version));

    /// <summary>Word of an object that is gone.</summary>
    public static ApiResponse Deleted<T>(T deleted, JsonTypeInfo<T> type) => new(StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(deleted, type));

    /// <summary>The first <paramref name="limit"/> of <paramref name="found"/>, which holds one item more where more follow.</summary>
    public static ApiResponse Page<T>(IReadOnlyList<T> found, int limit, Func<T, string> id, JsonTypeInfo<ListPage<T>> type) =>
        new(StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(ListPage.Of(found, limit, id), type));

    /// <summary>The same, or 304 where the client has it.</summary>
    public IResult UnlessCurrent(HttpContext http)
    {
        if (!EntityTags.IfNoneMatch(http.Request, ETag!))
        {
            return this;
        }

        http.Response.Headers.ETag = ETag;
        return Results.StatusCode(StatusCodes.Status304NotModified);
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = Body.Length;
        response.Headers.CacheControl = ShowsSecret ? "no-store" : "private, no-cache";
        response.Headers.ETag = ETag;
        response.Headers.Location = Location;
        if (!HttpMethods.IsHead(httpContext.Request.Method))
        {
            await response.Body.WriteAsync(Body, httpContext.RequestAborted);
        }
    }
}
