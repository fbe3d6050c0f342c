using Microsoft.Extensions.Logging.Abstractions;
using Xerotier.StatusService.Page;

namespace Xerotier.Browser.Tests;

public sealed class PageRenderingTests
{
    private static readonly PageRenderer Renderer = new(NullLoggerFactory.Instance);

    [Fact]
    public async Task The_fullest_ordinary_page_is_under_100_KB_and_under_20_KB_with_gzip()
    {
        var page = await Renderer.RenderAsync(Samples.Full(), TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper!.WriteLine($"identity {page.Html.Identity.Length}, gzip {page.Html.Gzip.Length}, brotli {page.Html.Brotli.Length}, json {page.Json.Identity.Length}/{page.Json.Brotli.Length}");
        Assert.True(page.Html.Identity.Length < 100_000);
        Assert.True(page.Html.Gzip.Length < 20_000);
    }
}
