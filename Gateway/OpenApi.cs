using Xerotier.Gateway.Page;

namespace Xerotier.Gateway;

/// <summary><c>/openapi/v1.json</c>: the description of the whole public surface, embedded as <c>openapi.json</c>.</summary>
internal sealed class OpenApi
{
    private readonly EdgeDocument document;

    public OpenApi()
    {
        using var resource = typeof(OpenApi).Assembly.GetManifestResourceStream("openapi.json")!;
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        document = EdgeDocument.Json(bytes);
    }

    /// <summary>Answers with the document.</summary>
    public Task ServeAsync(Call call) => document.ServeAsync(call.Http);
}
