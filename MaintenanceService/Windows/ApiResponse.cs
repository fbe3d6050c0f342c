namespace Xerotier.MaintenanceService.Windows;

/// <summary>A 2xx as it goes out, and as an Idempotency-Key brings it back.</summary>
/// <param name="Status">200 or 201.</param>
/// <param name="Body">JSON.</param>
/// <param name="ETag">The window's, if the response shows one.</param>
/// <param name="Location">The new window's path.</param>
internal sealed record ApiResponse(int Status, byte[] Body, string? ETag = null, string? Location = null) : IResult
{
    public static ApiResponse Created(MaintenanceWindow window, PathString list) =>
        new(StatusCodes.Status201Created, Bytes(window), window.ETag, $"{list.Value!.TrimEnd('/')}/{window.Id}");

    public static ApiResponse Ok(MaintenanceWindow window) => new(StatusCodes.Status200OK, Bytes(window), window.ETag);

    public static ApiResponse Purged(MaintenanceWindow window) => new(StatusCodes.Status200OK, WindowJson.Bytes(json => WindowJson.WriteDeleted(json, window.Id)));

    public static ApiResponse List<T>(IReadOnlyList<T> items, bool hasMore, Func<T, string> id, Action<System.Text.Json.Utf8JsonWriter, T> write) =>
        new(StatusCodes.Status200OK, WindowJson.Bytes(json => WindowJson.WriteList(json, items, hasMore, id, write)));

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

    private static byte[] Bytes(MaintenanceWindow window) => WindowJson.Bytes(json => WindowJson.Write(json, window));
}
