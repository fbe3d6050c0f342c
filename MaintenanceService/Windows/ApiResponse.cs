using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Model;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>A 2xx as it goes out, and as an Idempotency-Key brings it back.</summary>
/// <param name="Status">200 or 201.</param>
/// <param name="Body">JSON.</param>
/// <param name="ETag">The window's, if the response shows one.</param>
/// <param name="Location">The new window's path.</param>
internal sealed record ApiResponse(int Status, byte[] Body, string? ETag = null, string? Location = null) : IResult
{
    public static ApiResponse Created(StoredWindow window, PathString list) =>
        new(StatusCodes.Status201Created, Bytes(window), window.ETag, $"{list.Value!.TrimEnd('/')}/{window.Id}");

    public static ApiResponse Ok(StoredWindow window) => new(StatusCodes.Status200OK, Bytes(window), window.ETag);

    public static ApiResponse Purged(StoredWindow window) =>
        new(StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(new() { Id = window.Id }, ContractsJson.Wire.MaintenanceWindowDeleted));

    public static ApiResponse List(List<StoredWindow> found, int limit) =>
        Page<MaintenanceWindow>(found, limit, w => w.Id, ContractsJson.Wire.ListPageMaintenanceWindow);

    public static ApiResponse List(List<WindowEvent> found, int limit) =>
        Page([.. found.Select(c => c.ToContract())], limit, c => c.Id, ContractsJson.Wire.ListPageMaintenanceEvent);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = Body.Length;
        response.Headers.CacheControl = "private, no-cache";
        response.Headers.ETag = ETag;
        response.Headers.Location = Location;
        if (!HttpMethods.IsHead(httpContext.Request.Method))
        {
            await response.Body.WriteAsync(Body, httpContext.RequestAborted);
        }
    }

    private static byte[] Bytes(StoredWindow window) => JsonSerializer.SerializeToUtf8Bytes(window, ContractsJson.Wire.MaintenanceWindow);

    private static ApiResponse Page<T>(IReadOnlyList<T> found, int limit, Func<T, string> id, JsonTypeInfo<ListPage<T>> type) =>
        new(StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(ListPage.Of(found, limit, id), type));
}
