using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.OpenApi;
using Xerotier.Contracts;

namespace Xerotier.Gateway.Tests.Description;

/// <summary>
/// Makes the schemas of the shapes in Contracts, from the serializer's own view of them, their attributes and their XML documentation.
/// Each record is a component; enums and values stand where they are used.
/// </summary>
internal sealed class SchemaWriter(OpenApiDocument document)
{
    private static readonly XmlComments Comments = new(typeof(ContractsJson).Assembly);
    private readonly SortedDictionary<string, IOpenApiSchema> components = new(StringComparer.Ordinal);

    /// <summary>The components that were asked for.</summary>
    public IReadOnlyDictionary<string, IOpenApiSchema> Components => components;

    /// <summary>Name of a record's component.</summary>
    public static string NameOf(Type type) => type.IsGenericType ? $"{type.GenericTypeArguments[0].Name}List" : type.Name;

    /// <summary>The schema of a body.</summary>
    /// <param name="type">What it holds; <see cref="object"/>: any JSON object.</param>
    /// <param name="isRequest">Whether clients send it: then times may have any offset.</param>
    public IOpenApiSchema Body(Type type, bool isRequest) => type == typeof(object) ? new OpenApiSchema { Type = JsonSchemaType.Object } : Component(type, isRequest);

    /// <summary>An example of a body: the examples of its properties. A response's leaves out what the API may leave out.</summary>
    /// <param name="type">What it holds.</param>
    /// <param name="isRequest">Whether clients send it.</param>
    /// <param name="changes">JSON fields that replace those of the example; null takes an optional field away, and is the value of another.</param>
    public static JsonObject Example(Type type, bool isRequest, string? changes)
    {
        var example = type == typeof(object) ? [] : Compose(type, isRequest);
        foreach (var (name, value) in changes is null ? [] : JsonNode.Parse(changes)!.AsObject().ToArray())
        {
            if (value is null && !isRequest && type.GetProperties().Any(property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name) == name && !IsOptional(property)))
            {
                example[name] = null;
            }
            else if (value is null)
            {
                example.Remove(name);
            }
            else
            {
                example[name] = value.DeepClone();
            }
        }

        return example;
    }

    private OpenApiSchemaReference Component(Type type, bool isRequest)
    {
        var name = NameOf(type);
        if (!components.ContainsKey(name))
        {
            components[name] = new OpenApiSchema(); // ends a recursion
            components[name] = type.GetCustomAttributes<JsonDerivedTypeAttribute>().ToList() is { Count: > 0 } derived
                ? new OpenApiSchema { Description = Comments.Summary(type), OneOf = [.. derived.Select(one => Component(one.DerivedType, isRequest))] }
                : Record(type, isRequest);
        }

        return new(name, document);
    }

    private OpenApiSchema Record(Type type, bool isRequest)
    {
        var properties = Properties(type).ToList();
        return new()
        {
            Type = JsonSchemaType.Object,
            Description = Comments.Summary(type),
            Properties = properties.ToDictionary(p => p.Json.Name, p => Property(p.Clr, isRequest)),
            Required = properties.Where(p => !IsOptional(p.Clr)).Select(p => p.Json.Name).ToHashSet(),
            AdditionalPropertiesAllowed = false,
        };
    }

    private IOpenApiSchema Property(PropertyInfo property, bool isRequest)
    {
        var isNullable = !IsOptional(property) && new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable;
        var schema = Value(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType, property, isRequest);
        if (isNullable)
        {
            if (schema is OpenApiSchemaReference or OpenApiSchema { Enum.Count: > 0 })
            {
                schema = new OpenApiSchema { AnyOf = [schema, new OpenApiSchema { Type = JsonSchemaType.Null }] };
            }
            else if (schema is OpenApiSchema value)
            {
                value.Type |= JsonSchemaType.Null;
            }
        }

        schema.Description = Comments.Summary(property);
        var example = Comments.TryGetExample(property, out var given) ? given : null;
        if (schema is OpenApiSchema inline)
        {
            inline.Examples = given is null && !Comments.TryGetExample(property, out _) ? null : [example!];
        }

        return schema;
    }

    private IOpenApiSchema Value(Type type, PropertyInfo property, bool isRequest)
    {
        if (type.IsEnum)
        {
            return new OpenApiSchema { Type = JsonSchemaType.String, Enum = Words(type), Default = Default(property) };
        }

        if (type == typeof(string) || type == typeof(bool))
        {
            return Scalar(type, property);
        }

        if (type == typeof(int) || type == typeof(long) || type == typeof(double) || type == typeof(decimal))
        {
            var range = property.GetCustomAttribute<RangeAttribute>();
            return new OpenApiSchema
            {
                Type = type == typeof(int) || type == typeof(long) ? JsonSchemaType.Integer : JsonSchemaType.Number,
                Minimum = Bound(range?.Minimum),
                Maximum = Bound(range?.Maximum),
                Default = Default(property),
            };
        }

        if (type == typeof(DateTimeOffset))
        {
            return new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time", Pattern = isRequest ? null : "Z$" };
        }

        if (type == typeof(DateOnly))
        {
            return Date();
        }

        if (property.GetCustomAttribute<KeysAttribute>() is { } keys)
        {
            var state = new OpenApiSchema { Type = JsonSchemaType.String, Enum = Words(type.GenericTypeArguments[1]) };
            return new OpenApiSchema { Type = JsonSchemaType.Object, Required = keys.Keys.ToHashSet(), AdditionalProperties = state };
        }

        return type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? List(type.GenericTypeArguments[0], property, isRequest) : Component(type, isRequest);
    }

    private OpenApiSchema List(Type item, PropertyInfo property, bool isRequest)
    {
        var rule = property.GetCustomAttribute<ItemsAttribute>() ?? new();
        return new()
        {
            Type = JsonSchemaType.Array,
            MinItems = Positive(rule.MinCount),
            MaxItems = Positive(rule.MaxCount),
            UniqueItems = rule.Unique ? true : null,
            Items = item == typeof(DateOnly) ? Date() : item != typeof(string) ? Component(item, isRequest) : new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                MinLength = Positive(rule.MinLength),
                MaxLength = Positive(rule.MaxLength),
                Pattern = rule.Pattern,
                Enum = rule.Values.Length > 0 ? [.. rule.Values.Select(value => (JsonNode)value)] : null,
            },
        };
    }

    private static OpenApiSchema Date() => new() { Type = JsonSchemaType.String, Format = "date" };

    private static OpenApiSchema Scalar(Type type, PropertyInfo property)
    {
        var length = property.GetCustomAttribute<StringLengthAttribute>();
        var allowed = property.GetCustomAttribute<AllowedValuesAttribute>()?.Values;
        return new()
        {
            Type = type == typeof(bool) ? JsonSchemaType.Boolean : JsonSchemaType.String,
            MinLength = Positive(length?.MinimumLength ?? 0),
            MaxLength = length?.MaximumLength,
            Pattern = property.GetCustomAttribute<RegularExpressionAttribute>()?.Pattern,
            Enum = allowed is null ? null : [.. allowed.Select(value => JsonValue.Create(value)!)],
            Default = Default(property),
        };
    }

    private static JsonObject Compose(Type type, bool isRequest)
    {
        var example = new JsonObject();
        foreach (var (json, property) in Properties(type))
        {
            if (!isRequest && IsOptional(property))
            {
                continue;
            }

            var value = property.PropertyType;
            example[json.Name] = Comments.TryGetExample(property, out var given) ? given
                : value.IsGenericType ? new JsonArray(Compose(Concrete(value.GenericTypeArguments[0]), isRequest))
                : Compose(value, isRequest);
        }

        if (type.IsGenericType && example["data"]![0]!["id"] is { } id)
        {
            (example["first_id"], example["last_id"]) = (id.DeepClone(), id.DeepClone());
        }

        return example;
    }

    private static Type Concrete(Type type) => type.GetCustomAttributes<JsonDerivedTypeAttribute>().FirstOrDefault()?.DerivedType ?? type;

    private static IEnumerable<(JsonPropertyInfo Json, PropertyInfo Clr)> Properties(Type type) =>
        ContractsJson.Wire.GetTypeInfo(type)!.Properties.OrderBy(p => p.Order).Select(p => (p, (PropertyInfo)p.AttributeProvider!));

    private static bool IsOptional(PropertyInfo property) => property.GetCustomAttribute<JsonIgnoreAttribute>()?.Condition == JsonIgnoreCondition.WhenWritingNull;

    private static List<JsonNode> Words(Type type) => [.. Enum.GetNames(type).Select(name => (JsonNode)JsonNamingPolicy.SnakeCaseLower.ConvertName(name))];

    private static JsonNode? Default(PropertyInfo property) => property.GetCustomAttribute<DefaultValueAttribute>() is { } given ? JsonValue.Create(given.Value) : null;

    private static string? Bound(object? bound) => bound is null or int.MaxValue or double.MaxValue ? null : Convert.ToString(bound, CultureInfo.InvariantCulture);

    private static int? Positive(int value) => value > 0 ? value : null;
}
