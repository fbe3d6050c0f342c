using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Xerotier.TestKit;

/// <summary>The API as tests set it up: what is refused is a fault of the test.</summary>
public static class HttpJson
{
    /// <summary>Posts <paramref name="body"/> as JSON; returns what is answered.</summary>
    /// <exception cref="InvalidOperationException">It was refused.</exception>
    public static async Task<JsonNode> PostForJsonAsync(this HttpClient http, string path, object body)
    {
        using var response = await http.PostAsJsonAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{path}: {(int)response.StatusCode} {text}");
    }

    /// <summary>All objects of a list, page after page.</summary>
    public static async Task<List<JsonElement>> ListAsync(this HttpClient http, string path)
    {
        var list = new List<JsonElement>();
        for (var after = ""; ;)
        {
            using var page = JsonDocument.Parse(await http.GetStringAsync($"{path}?limit=100{after}"));
            list.AddRange(page.RootElement.GetProperty("data").EnumerateArray().Select(one => one.Clone()));
            if (!page.RootElement.GetProperty("has_more").GetBoolean())
            {
                return list;
            }

            after = $"&after={page.RootElement.GetProperty("last_id").GetString()}";
        }
    }
}
