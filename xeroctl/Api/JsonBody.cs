using System.Text.Json;

namespace Xerotier.Xeroctl.Api;

/// <summary>A JSON object built member by member; null members are omitted.</summary>
internal sealed class JsonBody
{
    private readonly List<Action<Utf8JsonWriter>> members = [];

    /// <summary>Whether nothing was added.</summary>
    public bool IsEmpty => members.Count == 0;

    /// <summary>Adds a string.</summary>
    public JsonBody Add(string name, string? value) => value is null ? this : Add(writer => writer.WriteString(name, value));

    /// <summary>Adds a Boolean.</summary>
    public JsonBody Add(string name, bool? value) => value is null ? this : Add(writer => writer.WriteBoolean(name, value.Value));

    /// <summary>Adds a whole number.</summary>
    public JsonBody Add(string name, int? value) => value is null ? this : Add(writer => writer.WriteNumber(name, value.Value));

    /// <summary>Adds a null, which removes the field's value, if <paramref name="remove"/> is true.</summary>
    public JsonBody AddNull(string name, bool remove) => remove ? Add(writer => writer.WriteNull(name)) : this;

    /// <summary>Adds an object.</summary>
    public JsonBody Add(string name, JsonBody? value) => value is null ? this : Add(writer =>
    {
        writer.WritePropertyName(name);
        value.Write(writer);
    });

    /// <summary>Adds the members of another object.</summary>
    public JsonBody Add(JsonBody other)
    {
        members.AddRange(other.members);
        return this;
    }

    /// <summary>Adds a list of objects.</summary>
    public JsonBody Add(string name, IReadOnlyCollection<JsonBody>? values) => values is null ? this : Add(writer =>
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            value.Write(writer);
        }

        writer.WriteEndArray();
    });

    /// <summary>Adds a list of strings.</summary>
    public JsonBody Add(string name, IReadOnlyCollection<string>? values) => values is null ? this : Add(writer =>
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    });

    /// <summary>The object's bytes.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(writer);
        }

        return stream.ToArray();
    }

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        members.ForEach(member => member(writer));
        writer.WriteEndObject();
    }

    private JsonBody Add(Action<Utf8JsonWriter> member)
    {
        members.Add(member);
        return this;
    }
}
