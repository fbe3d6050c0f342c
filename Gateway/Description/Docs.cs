using System.Text;
using Xerotier.Gateway.Page;

namespace Xerotier.Gateway.Description;

/// <summary><c>/docs</c>: the API reference, rendered from <c>openapi.json</c> when somebody first asks for it.</summary>
internal sealed class Docs
{
    private readonly Lazy<Task<EdgeDocument>> page = new(() => Task.Run(() => EdgeDocument.Html(Encoding.UTF8.GetBytes(DocsPage.Render(Resource("openapi.json"), Resource("docs.css"))))));

    /// <summary>Responds with the page.</summary>
    public async Task ServeAsync(Call call) => await (await page.Value).ServeAsync(call.Http);

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(Docs).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
