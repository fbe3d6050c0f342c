using Microsoft.AspNetCore.Http.Features;
using Xerotier.Gateway.Clients;
using Xerotier.Gateway.Limits;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway.ConsolePages;

/// <summary>
/// Keeps what somebody typed into a form of the console when the Gateway itself cannot take it (429, 5xx): the page that says so holds it
/// (<see cref="SentForm"/>). It is given back to the page that sent it alone, never with a token that the form did not bring.
/// </summary>
internal sealed class KeptForms(SessionCookie cookie, Brand brand, ClientAddresses clients, RateLimits limits)
{
    /// <summary>The longest form that is given back, in bytes: what is quoted may be six times as long in a page.</summary>
    private const int Longest = 64 * 1024;

    /// <summary>Keeps a form that has been read, if it is not long.</summary>
    /// <param name="call">Its request.</param>
    /// <param name="form">The form.</param>
    /// <param name="secret">Of the session that it came with; its token is kept only if it is of that.</param>
    /// <param name="isPassedOn">Whether the Console is about to get it.</param>
    public static void Keep(Call call, Form form, string? secret, bool isPassedOn)
    {
        if (form.Bytes.Length > Longest)
        {
            return;
        }

        var isOf = secret is not null && form.IsOf(secret);
        var request = call.Http.Request;
        call.Http.Features.Set(new SentForm(request.Path.Value + request.QueryString.Value, [.. form.Fields.Where(field => isOf || field.Key != ConsoleSession.CsrfField)], isPassedOn));
    }

    /// <summary>Reads and keeps the form of a request that is refused before anybody has read it. Of a client that sends many, only some are read.</summary>
    public async Task KeepAsync(HttpContext context, RouteMatch match, ApiError error)
    {
        if (match.Route is not { KeepsForm: true } route
            || !SentForm.IsGivenBackWith(error)
            || context.Features.Get<SentForm>() is not null
            || context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: true } // somebody has begun to read it, and it failed
            || !ErrorPages.IsPreferred(context.Request)
            || !CrossOrigin.IsFromOurPage(context.Request, brand, clients.IsSecure(context))
            || RequestValidation.Validate(context, match) is not null)
        {
            return;
        }

        var call = new Call(context, route, match.ProjectId, match.Id, null, clients.Of(context), inSession: false);
        if (!limits.TakeKeptForm(call.Client))
        {
            return;
        }

        try
        {
            Keep(call, await Form.ReadAsync(call), Secret(call), isPassedOn: false);
        }
        catch (Exception failure) when (failure is ApiException or BadHttpRequestException)
        {
            // too long, broken off, no form, or not for this connection: then there is nothing to give back
        }
    }

    private string? Secret(Call call)
    {
        try
        {
            return cookie.Read(call);
        }
        catch (ApiException failure) when (failure.Error == ApiErrors.ServiceUnavailable)
        {
            return null; // the cookie's name is not known yet
        }
    }
}
