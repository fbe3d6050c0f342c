using Xerotier.OperatorConsole.Visits;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Tests;

public sealed class FormValuesTests
{
    private static readonly string[] Fields = ["title", "affected_services"];

    [Fact]
    public void Each_error_goes_to_its_field_and_the_rest_to_the_whole()
    {
        var form = FormValues.Of(("title", "typed"));
        form.Refuse(
            new(422, "invalid_request_error", "invalid_parameter", "Several are wrong.")
            {
                Errors =
                [
                    new() { Param = "title", Code = "invalid_parameter", Message = "It is too long." },
                    new() { Param = "affected_services[3]", Code = "invalid_parameter", Message = "It is empty." },
                    new() { Param = "other", Code = "invalid_parameter", Message = "Nobody asked for it." },
                ],
            },
            Fields);

        Assert.Equal("It is too long.", form.ErrorOf("title"));
        Assert.Equal("It is empty.", form.ErrorOf("affected_services"));
        Assert.Equal("Nobody asked for it.", form.Problem);
        Assert.Equal(422, form.Status);
        Assert.Equal("typed", form["title"]);
        Assert.True(form.HasErrors);
    }

    [Fact]
    public void An_error_of_one_field_is_not_about_the_whole()
    {
        var form = FormValues.Of();
        form.Refuse(new(400, "invalid_request_error", "missing_parameter", "A title is needed.", "title"), Fields);

        Assert.Equal("A title is needed.", form.ErrorOf("title"));
        Assert.Null(form.Problem);
        Assert.Equal(400, form.Status);
    }

    [Fact]
    public void An_error_goes_once_to_the_field_by_the_name_that_the_form_has_for_it()
    {
        var form = FormValues.Of();
        form.Refuse(
            new(422, "invalid_request_error", "invalid_parameter", "Several are wrong.")
            {
                Errors =
                [
                    new() { Param = "affected_services[0]", Code = "invalid_parameter", Message = "It is empty." },
                    new() { Param = "probe.timeout_seconds", Code = "invalid_parameter", Message = "It is too long." },
                    new() { Param = "probe.url", Code = "invalid_parameter", Message = "It is no address." },
                ],
            },
            ["affected_services", "probe"],
            new Dictionary<string, string> { ["affected_services"] = "services", ["probe"] = "probe_url", ["probe.timeout_seconds"] = "probe_timeout" });

        Assert.Equal([("probe_timeout", "It is too long."), ("probe_url", "It is no address."), ("services", "It is empty.")], form.Wrong.Select(one => (one.Key, one.Value)).Order());
        Assert.Null(form.Problem);
    }

    [Fact]
    public void A_newer_version_is_told_with_what_to_do()
    {
        var form = FormValues.Of(("title", "typed"));
        form.Refuse(new(412, "conflict_error", "precondition_failed", "The ETag differs."), Fields);

        Assert.StartsWith("Somebody saved a newer version meanwhile.", form.Problem);
        Assert.Equal(412, form.Status);
        Assert.Equal("typed", form["title"]);
    }

    [Fact]
    public void An_ended_session_is_no_error_of_the_form() =>
        Assert.Throws<ApiException>(() => FormValues.Of().Refuse(new(401, "authentication_error", "session_expired", "It has ended."), Fields));

    [Fact]
    public void A_time_needs_a_zone_and_an_empty_field_is_none()
    {
        var form = FormValues.Of(("zone", "Nowhere"), ("starts_at", "2026-11-24T14:53"), ("ends_at", " "));
        Assert.Null(form.Time("ends_at"));
        Assert.False(form.HasErrors);
        Assert.Null(form.Time("starts_at"));
        Assert.NotNull(form.ErrorOf("zone"));

        form = FormValues.Of(("zone", "Europe/Berlin"), ("starts_at", "2026-11-24T14:53"), ("ends_at", "2026-03-29T02:30"));
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 13, 53, 0, TimeSpan.Zero), form.Time("starts_at"));
        Assert.Null(form.Time("ends_at"));
        Assert.NotNull(form.ErrorOf("ends_at"));
        Assert.Null(form.ErrorOf("starts_at"));
    }

    [Fact]
    public void A_list_is_split_at_commas_and_lines() =>
        Assert.Equal(["-24h", "-1h", "-5m"], FormValues.Of(("reminders", " -24h,, -1h\r\n-5m\n")).List("reminders").Select(part => part!.ToString()));
}
