using System.Text.Json;

namespace Xerotier.Xeroctl.Api;

/// <summary>A response of the API: a success or 304.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The bytes, unchanged.</param>
/// <param name="Json">The body, parsed.</param>
/// <param name="ETag">The entity tag, if there is one.</param>
internal sealed record ApiResponse(int Status, byte[] Body, JsonElement Json, string? ETag);
