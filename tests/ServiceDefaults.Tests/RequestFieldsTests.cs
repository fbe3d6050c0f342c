using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Xerotier.Contracts;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.ServiceDefaults.Tests;

/// <summary>What is read of bodies, queries, entity tags and ids, for all services alike.</summary>
public sealed class RequestFieldsTests
{
    [Fact]
    public void Every_field_is_read_by_its_kind()
    {
        var fields = Parse("""{"title":" A ","text":"a\nb","when":"2026-05-22T04:00:00.1234567+02:00","on":true,"level":"warning","names":["x","y","x"],"none":null}""");
        Assert.Equal("A", fields.Text("title", 1, 5));
        Assert.Equal("a\nb", fields.Text("text", 0, 5, lines: true));
        Assert.Equal(new DateTimeOffset(2026, 5, 22, 2, 0, 0, TimeSpan.Zero).AddMicroseconds(123456), fields.Time("when"));
        Assert.True(fields.Flag("on"));
        Assert.Equal(DayOfWeek.Monday, fields.OneOf<DayOfWeek>("level", word => word == "warning" ? DayOfWeek.Monday : null, "warning"));
        Assert.Equal(["x", "y"], fields.Texts("names", 2, 1, 5)!);
        Assert.Null(fields.Text("none", 1, 5));
        Assert.Null(fields.Text("missing", 1, 5));
        fields.ThrowIfInvalid();
    }

    [Theory]
    [InlineData("""{"a":1}""", "'a' must be a string.")]
    [InlineData("""{"a":""}""", "'a' must be 1 to 3 characters, not 0.")]
    [InlineData("""{"a":"  "}""", "'a' must be 1 to 3 characters, not 0.")]
    [InlineData("""{"a":"abcd"}""", "'a' must be 1 to 3 characters, not 4.")]
    [InlineData("""{"a":"🦊🦊🦊"}""", null)]
    [InlineData("""{"a":"\n"}""", "'a' must not contain control characters.")]
    [InlineData("""{"a":"\ud800"}""", "'a' contains half of a surrogate pair, which is not text.")]
    [InlineData("""{"a":"x","a":"y"}""", "Duplicate field: 'a'.")]
    [InlineData("{}", "'a' is required.")]
    [InlineData("""{"a":null}""", "'a' is required.")]
    [InlineData("""{"a":"x","b":1}""", "'b' is not a field of this request.")]
    [InlineData("""{"a":"x","\ud800":1}""", "'\uFFFD' is not a field of this request.")]
    public void What_is_wrong_with_text_is_said(string json, string? message)
    {
        var fields = Parse(json);
        fields.Text("a", 1, 3);
        fields.Require("a");
        Assert.Equal(message, Errors(fields).SingleOrDefault()?.Message);
    }

    [Theory]
    [InlineData("""{"a":"x"}""", "'a' must be a list of strings.")]
    [InlineData("""{"a":["x",3]}""", "a[1] must be a string.")]
    [InlineData("""{"a":["x","\ud800"]}""", "a[1] contains half of a surrogate pair, which is not text.")]
    [InlineData("""{"a":["x",""]}""", "a[1] must be 1 to 3 characters, not 0.")]
    [InlineData("""{"a":["x","y","z"]}""", "'a' must have at most 2 items, not 3.")]
    [InlineData("""{"a":["x","x","x"]}""", null)]
    public void What_is_wrong_with_a_list_is_said(string json, string? message)
    {
        var fields = Parse(json);
        fields.Texts("a", 2, 1, 3);
        Assert.Equal(message, Errors(fields).SingleOrDefault()?.Message);
    }

    [Fact]
    public void All_errors_come_at_once_in_the_order_of_the_body()
    {
        var fields = Parse("""{"z":1,"when":"tomorrow","on":"yes","level":"?","title":3}""");
        fields.Text("title", 1, 5);
        fields.OneOf<DayOfWeek>("level", _ => null, "info or warning");
        fields.Flag("on");
        fields.Time("when");
        fields.Require("ends_at");
        Assert.Equal(["z unknown_field", "when invalid_request", "on invalid_request", "level invalid_request", "title invalid_request", "ends_at invalid_request"], Errors(fields).Select(e => $"{e.Param} {e.Code}"));
    }

    [Fact]
    public void A_hostile_body_gets_no_longer_response()
    {
        var fields = Parse("{" + string.Join(',', Enumerable.Range(0, 1000).Select(i => $"\"{new string('x', 500)}{i}\":1")) + "}");
        var errors = Errors(fields);
        Assert.Equal(100, errors.Count);
        Assert.All(errors, error => Assert.True(error.Param.Length <= 65));
    }

    [Fact]
    public void Null_is_an_error_where_missing_means_unchanged()
    {
        var fields = Parse("""{"a":null}""", refusesNull: true);
        Assert.Null(fields.Text("a", 1, 3));
        Assert.Equal("'a' must not be null; leave it out to keep its value.", Assert.Single(Errors(fields)).Message);
    }

    [Fact]
    public void A_null_that_is_asked_for_is_no_error()
    {
        var fields = Parse("""{"a":null,"b":"x"}""", refusesNull: true);
        Assert.Equal((true, false, false), (fields.IsNull("a"), fields.IsNull("b"), fields.IsNull("missing")));
        Assert.Equal("x", fields.Text("b", 1, 3));
        fields.ThrowIfInvalid();
    }

    [Fact]
    public void Numbers_dates_and_objects_are_read_by_their_kind()
    {
        var fields = Parse("""{"n":7,"day":"2026-02-28","o":{"n":-3,"none":null},"list":[{"t":"x"},{"t":"y"}]}""");
        Assert.Equal(7, fields.WholeNumber("n", 1, 7));
        Assert.Equal(new DateOnly(2026, 2, 28), fields.Date("day"));
        var nested = fields.Nested("o")!;
        Assert.Equal((-3, null), (nested.WholeNumber("n", -3, 3), nested.Text("none", 1, 3)));
        Assert.Equal(["x", "y"], fields.NestedList("list", 2)!.Select(item => item.Text("t", 1, 1)));
        Assert.Equal((null, null, null, null), (fields.WholeNumber("missing", 0, 1), fields.Date("missing"), fields.Nested("missing"), fields.NestedList("missing", 1)));
        fields.ThrowIfInvalid();
    }

    [Theory]
    [InlineData("""{"n":"7"}""", "n", "'n' must be a whole number from 1 to 7.")]
    [InlineData("""{"n":8}""", "n", "'n' must be a whole number from 1 to 7.")]
    [InlineData("""{"n":1.5}""", "n", "'n' must be a whole number from 1 to 7.")]
    [InlineData("""{"n":99999999999}""", "n", "'n' must be a whole number from 1 to 7.")]
    [InlineData("""{"day":"2026-02-29"}""", "day", "'day' must be a date that exists, such as 2026-05-22.")]
    [InlineData("""{"day":20260228}""", "day", "'day' must be a string.")]
    [InlineData("""{"o":[]}""", "o", "'o' must be an object.")]
    [InlineData("""{"o":{}}""", "o.t", "'o.t' is required.")]
    [InlineData("""{"o":{"t":"long"}}""", "o.t", "'o.t' must be 1 to 3 characters, not 4.")]
    [InlineData("""{"o":{"t":"x","y":1}}""", "o.y", "'o.y' is not a field of this request.")]
    [InlineData("""{"o":{"t":"x","t":"y"}}""", "o.t", "Duplicate field: 'o.t'.")]
    [InlineData("""{"list":{}}""", "list", "'list' must be a list of objects.")]
    [InlineData("""{"list":[{"t":"x"},7]}""", "list", "'list' must be a list of objects.")]
    [InlineData("""{"list":[{},{},{}]}""", "list", "'list' must have at most 2 items, not 3.")]
    [InlineData("""{"list":[{"t":"x"},{"t":"long"}]}""", "list", "'list[1].t' must be 1 to 3 characters, not 4.")]
    [InlineData("""{"list":[{"t":"x","y":1}]}""", "list", "'list[0].y' is not a field of this request.")]
    public void What_is_wrong_within_is_said_with_its_place(string json, string param, string message)
    {
        var fields = Parse(json);
        fields.WholeNumber("n", 1, 7);
        fields.Date("day");
        if (fields.Nested("o") is { } nested)
        {
            nested.Text("t", 1, 3);
            nested.Require("t");
        }

        foreach (var item in fields.NestedList("list", 2) ?? [])
        {
            item.Text("t", 1, 3);
        }

        var error = Assert.Single(Errors(fields));
        Assert.Equal((param, message), (error.Param, error.Message));
    }

    [Fact]
    public void Errors_within_stand_where_the_body_has_them()
    {
        var fields = Parse("""{"z":1,"o":{"t":3},"a":1}""");
        fields.Text("a", 1, 3);
        fields.Nested("o")!.Text("t", 1, 3);
        Assert.Equal(["z", "o.t", "a"], Errors(fields).Select(error => error.Param));
    }

    [Theory]
    [InlineData("", "The body is empty: send a JSON object.")]
    [InlineData("\uFEFF{}", "The body starts with a byte order mark: send UTF-8 without one.")]
    [InlineData("[]", "The body must be a JSON object.")]
    [InlineData("{", "The body is not valid JSON (line 1, byte 2).")]
    public void A_body_that_is_not_an_object_is_refused(string body, string message)
    {
        var error = Assert.Throws<ApiException>(() => JsonFields.Parse(Encoding.UTF8.GetBytes(body))).Error;
        Assert.Equal((400, "invalid_json", message), (error.Status, error.Code, error.Message));
    }

    [Theory]
    [InlineData("{}", "application/json", 10, null)]
    [InlineData("{}", "application/json; charset=utf-8", 10, null)]
    [InlineData("{}", "application/json; charset=utf-16", 10, 415)]
    [InlineData("{}", "text/plain", 10, 415)]
    [InlineData("{}", null, 10, 415)]
    [InlineData("", null, 10, null)]
    [InlineData("{        }", "application/json", 5, 413)]
    public async Task A_body_is_taken_by_its_type_and_size(string body, string? type, int max, int? status)
    {
        var request = new DefaultHttpContext().Request;
        request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        (request.ContentType, request.ContentLength) = (type, body.Length);
        if (status is null)
        {
            Assert.Equal(body, Encoding.UTF8.GetString(await JsonFields.ReadBodyAsync(request, max)));
        }
        else
        {
            Assert.Equal(status, (await Assert.ThrowsAsync<ApiException>(() => JsonFields.ReadBodyAsync(request, max))).Error.Status);
        }
    }

    [Theory]
    [InlineData("", 20, null)]
    [InlineData("?limit=100", 100, null)]
    [InlineData("?limit=0", 20, "'limit' must be a number from 1 to 100.")]
    [InlineData("?limit=101", 20, "'limit' must be a number from 1 to 100.")]
    [InlineData("?limit=1&limit=2", 20, "'limit' must be a number from 1 to 100.")]
    [InlineData("?limit=%D9%A1", 20, "'limit' must be a number from 1 to 100.")]
    [InlineData("?after=", 20, "'after' must be an id.")]
    [InlineData("?after=a&after=b", 20, "'after' must be an id.")]
    [InlineData("?status=active&status=bad", 20, "'status' must be active.")]
    [InlineData("?colour=red", 20, "'colour' is not a parameter of this request.")]
    public void Query_parameters_are_read_strictly(string query, int limit, string? message)
    {
        var context = new DefaultHttpContext();
        context.Request.QueryString = new(query);
        var fields = new QueryFields(context.Request.Query);
        Assert.Equal(limit, fields.Limit(20, 100));
        fields.One("after", id => id.Length > 0, "an id");
        fields.Many<bool>("status", word => word == "active" ? true : null, "active");
        var errors = Refused(fields.ThrowIfInvalid);
        Assert.Equal(message, errors.SingleOrDefault()?.Message);
    }

    [Theory]
    [InlineData("\"1\"", true)]
    [InlineData("W/\"1\"", true)]
    [InlineData("*", true)]
    [InlineData("\"0\", \"1\"", true)]
    [InlineData("\"2\"", false)]
    [InlineData("1", false)]
    [InlineData(null, false)]
    public void A_client_that_has_the_representation_is_told_so(string? header, bool expected)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.IfNoneMatch = header is null ? StringValues.Empty : header;
        Assert.Equal(expected, EntityTags.IfNoneMatch(request, "\"1\""));
        Assert.Equal(expected, EntityTags.IfNoneMatch(request, "W/\"1\""));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("\"1\"", null)]
    [InlineData("*", null)]
    [InlineData("W/\"1\"", 412)]
    [InlineData("\"2\"", 412)]
    [InlineData("1", 400)]
    public void A_change_of_another_version_is_refused(string? header, int? status)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.IfMatch = header is null ? StringValues.Empty : header;
        if (status is null)
        {
            EntityTags.CheckIfMatch(request, "\"1\"");
        }
        else
        {
            Assert.Equal(status, Assert.Throws<ApiException>(() => EntityTags.CheckIfMatch(request, "\"1\"")).Error.Status);
        }
    }

    [Theory]
    [InlineData("mw_7k3q0c1v2b3n4m5x6z7a", true)]
    [InlineData("mw_abcdefghijklmnopqrstuvwxyz", true)] // as earlier versions made them
    [InlineData("mw_", false)]
    [InlineData("mw_ABC", false)]
    [InlineData("key_abc", false)]
    [InlineData("mw_a b", false)]
    [InlineData("mw_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    public void What_cannot_be_an_id_is_known_by_its_form(string id, bool expected) => Assert.Equal(expected, Id.IsWellFormed("mw_", id));

    [Fact]
    public void Ids_are_well_formed_and_differ()
    {
        var ids = Enumerable.Range(0, 1000).Select(_ => Id.New("mw_")).ToList();
        Assert.All(ids, id => Assert.True(Id.IsWellFormed("mw_", id)));
        Assert.Equal(1000, ids.Distinct().Count());
    }

    [Fact]
    public void Ids_of_names_are_well_formed_the_same_for_one_and_differ()
    {
        var ids = Enumerable.Range(0, 1000).Select(i => Id.Of("msg_", $"inc_1.{i} sub_1")).ToList();
        Assert.All(ids, id => Assert.True(Id.IsWellFormed("msg_", id)));
        Assert.Equal(1000, ids.Distinct().Count());
        Assert.Equal(ids[7], Id.Of("msg_", "inc_1.7 sub_1"));
    }

    private static JsonFields Parse(string json, bool refusesNull = false) => JsonFields.Parse(Encoding.UTF8.GetBytes(json), refusesNull);

    private static IReadOnlyList<FieldError> Errors(JsonFields fields) => Refused(() => fields.ThrowIfInvalid());

    private static IReadOnlyList<FieldError> Refused(Action read)
    {
        try
        {
            read();
            return [];
        }
        catch (ApiException refused)
        {
            return refused.Error.Errors ?? [new() { Param = refused.Error.Param ?? "", Code = refused.Error.Code, Message = refused.Error.Message }];
        }
    }
}
