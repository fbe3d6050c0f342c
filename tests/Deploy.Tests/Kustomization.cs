using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Xerotier.Deploy.Tests;

/// <summary>
/// As much of Kustomize as deploy/kubernetes uses, so that its folders can be built where there is no kubectl; a field that it does not
/// know is refused. Where there is one, a test holds both results against each other.
/// </summary>
internal static class Kustomization
{
    /// <summary>What tells the elements of a list apart when a patch is merged into it; lists of other names are replaced.</summary>
    private static readonly Dictionary<string, string[]> MergeKeys = new()
    {
        ["containers"] = ["name"],
        ["env"] = ["name"],
        ["ports"] = ["containerPort", "port"],
        ["volumeMounts"] = ["mountPath"],
        ["volumes"] = ["name"],
    };

    /// <summary>Builds a folder.</summary>
    /// <exception cref="InvalidOperationException">It uses what is not known here, or a patch meets nothing.</exception>
    public static List<JsonObject> Build(string folder)
    {
        var file = (JsonObject)Yaml.Read(File.ReadAllText(Path.Combine(folder, "kustomization.yaml"))).Single();
        string[] known = ["apiVersion", "kind", "resources", "patches", "images", "replicas", "namespace", "generatorOptions", "configMapGenerator", "secretGenerator"];
        if (file.Select(field => field.Key).Except(known).ToList() is [_, ..] unknown)
        {
            throw new InvalidOperationException($"Not known here: {string.Join(", ", unknown)}.");
        }

        var objects = Items(file, "resources").SelectMany(resource => Load(Path.Combine(folder, $"{resource}"))).ToList();
        objects.AddRange(Items(file, "configMapGenerator").Select(map => Generated("ConfigMap", map, folder)));
        objects.AddRange(Items(file, "secretGenerator").Select(secret => Generated("Secret", secret, folder)));

        if ((file["configMapGenerator"] ?? file["secretGenerator"]) is not null && file["generatorOptions"]?["disableNameSuffixHash"]?.GetValue<bool>() != true)
        {
            throw new InvalidOperationException("Hashes of what is generated are not known here.");
        }

        foreach (var patch in Items(file, "patches"))
        {
            Patch(objects, patch, folder);
        }

        foreach (var made in objects)
        {
            if (file["namespace"] is { } name && $"{made["kind"]}" != "Namespace")
            {
                made["metadata"]!["namespace"] = name.DeepClone();
            }

            foreach (var image in Items(file, "images"))
            {
                Rename(made, image);
            }

            if (Items(file, "replicas").FirstOrDefault(replicas => $"{made["kind"]}" == "StatefulSet" && $"{replicas["name"]}" == NameOf(made)) is { } count)
            {
                made["spec"]!["replicas"] = count["count"]!.DeepClone();
            }
        }

        return objects;
    }

    private static IEnumerable<JsonNode> Items(JsonObject file, string field) => file[field]?.AsArray().OfType<JsonNode>() ?? [];

    private static string NameOf(JsonObject made) => $"{made["metadata"]!["name"]}";

    private static IEnumerable<JsonObject> Load(string path) =>
        Directory.Exists(path) ? Build(path) : Yaml.Read(File.ReadAllText(path)).Cast<JsonObject>();

    private static JsonObject Generated(string kind, JsonNode from, string folder)
    {
        var data = new JsonObject();
        foreach (var file in Items((JsonObject)from, "files"))
        {
            data[Path.GetFileName($"{file}")] = File.ReadAllText(Path.Combine(folder, $"{file}"));
        }

        foreach (var variable in Items((JsonObject)from, "envs").SelectMany(file => Variables.OfFile(Path.Combine(folder, $"{file}"))))
        {
            data[variable.Key] = kind == "Secret" ? Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(variable.Value)) : variable.Value;
        }

        var made = new JsonObject { ["apiVersion"] = "v1", ["kind"] = kind, ["metadata"] = new JsonObject { ["name"] = $"{from["name"]}" }, ["data"] = data };
        if (kind == "Secret")
        {
            made["type"] = "Opaque";
        }

        return made;
    }

    private static void Patch(List<JsonObject> objects, JsonNode patch, string folder)
    {
        var content = Yaml.Read(patch["path"] is { } path ? File.ReadAllText(Path.Combine(folder, $"{path}")) : $"{patch["patch"]}").Single();
        var target = patch["target"] ?? new JsonObject { ["kind"] = content["kind"]!.DeepClone(), ["name"] = content["metadata"]!["name"]!.DeepClone() };
        var met = objects.Where(made => $"{made["kind"]}" == $"{target["kind"]}" && (target["name"] is not { } name || Regex.IsMatch(NameOf(made), $"^(?:{name})$"))).ToList();
        if (met.Count == 0)
        {
            throw new InvalidOperationException($"A patch of {target.ToJsonString()} meets nothing.");
        }

        foreach (var made in met)
        {
            if (content is JsonArray operations)
            {
                foreach (var operation in operations)
                {
                    Apply(made, operation!);
                }
            }
            else
            {
                var rest = (JsonObject)content.DeepClone();
                (rest["apiVersion"], rest["kind"], rest["metadata"]!["name"]) = (made["apiVersion"]!.DeepClone(), made["kind"]!.DeepClone(), NameOf(made));
                Merge(made, rest);
            }
        }
    }

    private static void Merge(JsonObject into, JsonObject patch)
    {
        foreach (var (field, value) in patch)
        {
            switch (value)
            {
                case null:
                    into.Remove(field);
                    break;
                case JsonObject change when into[field] is JsonObject before:
                    Merge(before, change);
                    break;
                case JsonArray changes when into[field] is JsonArray before && MergeKeys.TryGetValue(field, out var keys):
                    foreach (var change in changes.Cast<JsonObject>())
                    {
                        var key = keys.First(change.ContainsKey);
                        if (before.Cast<JsonObject>().FirstOrDefault(element => $"{element[key]}" == $"{change[key]}") is { } same)
                        {
                            Merge(same, change);
                        }
                        else
                        {
                            before.Add(change.DeepClone());
                        }
                    }

                    break;
                default:
                    into[field] = value.DeepClone();
                    break;
            }
        }
    }

    /// <summary>One operation of RFC 6902.</summary>
    private static void Apply(JsonObject made, JsonNode operation)
    {
        var steps = $"{operation["path"]}".Split('/')[1..].Select(step => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)).ToList();
        JsonNode parent = made;
        foreach (var step in steps[..^1])
        {
            parent = (parent is JsonArray list ? list[Index(step)] : parent[step]) ?? throw new InvalidOperationException($"There is no {operation["path"]}.");
        }

        var (name, value) = (steps[^1], operation["value"]?.DeepClone());
        switch ($"{operation["op"]}", parent)
        {
            case ("add", JsonArray list):
                list.Insert(name == "-" ? list.Count : Index(name), value);
                break;
            case ("add" or "replace", JsonObject map):
                map[name] = value;
                break;
            case ("remove", JsonObject map):
                map.Remove(name);
                break;
            default:
                throw new InvalidOperationException($"Not known here: {operation["op"]} of {operation["path"]}.");
        }

        static int Index(string step) => int.Parse(step, CultureInfo.InvariantCulture);
    }

    private static void Rename(JsonObject made, JsonNode image)
    {
        foreach (var container in made["spec"]?["template"]?["spec"]?["containers"]?.AsArray() ?? [])
        {
            var (name, tag) = $"{container!["image"]}".Split(':') is [var given, var version] ? (given, version) : ($"{container["image"]}", null);
            if (name == $"{image["name"]}")
            {
                tag = image["newTag"]?.ToString() ?? tag;
                container["image"] = (image["newName"]?.ToString() ?? name) + (tag is null ? "" : $":{tag}");
            }
        }
    }
}
