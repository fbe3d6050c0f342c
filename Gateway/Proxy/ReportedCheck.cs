using Xerotier.Contracts;

namespace Xerotier.Gateway.Proxy;

/// <summary>A check in a service's own <c>/readyz</c>, such as the one of its store.</summary>
/// <param name="Name">The check's name.</param>
/// <param name="State">Its state; unknown if no destination of the service reports it any more.</param>
internal sealed record ReportedCheck(string Name, CheckState State);
