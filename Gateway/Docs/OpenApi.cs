using Xerotier.Gateway.Page;

namespace Xerotier.Gateway.Docs;

/// <summary><c>/openapi/v1.json</c>: the description of the whole public surface, which <c>eng/openapi</c> makes from the routes and Contracts.</summary>
internal sealed class OpenApi
{
    private readonly PreparedDocument document;

    public OpenApi()
    {
        using var resource = typeof(OpenApi).Assembly.GetManifestResourceStream("openapi.json")!;
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        document = PreparedDocument.Json(bytes);
    }

    /// <summary>Responds with the document.</summary>
    public Task ServeAsync(Call call) => document.ServeAsync(call.Http);
}
