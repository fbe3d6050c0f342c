using Xerotier.OperatorConsole.Shared;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Visits;

/// <summary>Around every handler: what the API refuses is a page of the console with the same status, and who is not signed in any more signs in again.</summary>
internal sealed class VisitFilter : IEndpointFilter
{
    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (ApiException refused)
        {
            var visit = Visit.Of(context.HttpContext);
            return refused.Error.Code is "session_expired" && HttpMethods.IsGet(context.HttpContext.Request.Method)
                ? Visit.See($"/console/sign-in?return={Uri.EscapeDataString(visit.Path)}")
                : visit.Page<ProblemPage>(new() { [nameof(ProblemPage.Error)] = refused.Error }, refused.Error.Status);
        }
    }
}
