using System.Text;
using Xerotier.Gateway.Page;

namespace Xerotier.Gateway.Docs;

/// <summary><c>/docs</c>: the API reference, rendered from <c>openapi.json</c> when somebody first asks for it.</summary>
internal sealed class ApiReference
{
    private readonly Lazy<Task<PreparedDocument>> page = new(() => Task.Run(() => PreparedDocument.Html(Encoding.UTF8.GetBytes(ApiReferencePage.Render(Resource("openapi.json"), Resource("docs.css"))))));

    /// <summary>Responds with the page.</summary>
    public async Task ServeAsync(Call call) => await (await page.Value).ServeAsync(call.Http);

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(ApiReference).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
