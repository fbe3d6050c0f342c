using Xerotier.OperatorConsole.Shared;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Visits;

/// <summary>
/// Around every handler: what the API refuses is a page of the console with the same status, and who is not signed in any more signs in
/// again. A form that could not be taken comes back with what was entered, whatever the reason.
/// </summary>
internal sealed class VisitFilter : IEndpointFilter
{
    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        try
        {
            return Visit.Of(http) is { IsInterrupted: true } interrupted ? Interrupted(interrupted, await FormValues.ReadAsync(http.Request)) : await next(context);
        }
        catch (ApiException refused)
        {
            var (visit, sent) = (Visit.Of(http), FormValues.SentWith(http));
            return refused.Error.Code is not "session_expired" ? visit.Page<ProblemPage>(new() { [nameof(ProblemPage.Error)] = refused.Error, [nameof(ProblemPage.Sent)] = sent }, refused.Error.Status)
                : HttpMethods.IsGet(http.Request.Method) ? Visit.See($"/console/sign-in?error=session_expired&return={Uri.EscapeDataString(visit.Path + http.Request.QueryString.Value)}")
                : Interrupted(visit, sent ?? await FormValues.ReadAsync(http.Request), isSignedOut: true);
        }
    }

    private static IResult Interrupted(Visit visit, FormValues sent, bool isSignedOut = false) => visit.Page<InterruptedPage>(
        new() { [nameof(InterruptedPage.Sent)] = sent, [nameof(InterruptedPage.IsSignedOut)] = isSignedOut || visit.Held is null },
        StatusCodes.Status403Forbidden); // 401 would tell the Gateway that its own token was refused
}
