using Xerotier.Gateway.Description;
using Xerotier.Gateway.Limits;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.Gateway.Edge;

/// <summary>Responds to a request that passed every check of the <see cref="Pipeline"/>.</summary>
internal delegate Task Handler(Call call);

/// <summary>One line of the public surface.</summary>
/// <param name="Method">Its method. A GET route responds to HEAD too.</param>
/// <param name="Pattern">Its path; <c>{…}</c> is one segment.</param>
/// <param name="Access">Who may use it.</param>
/// <param name="Handle">What responds.</param>
/// <param name="Operation">What it does, for its description.</param>
internal sealed record Route(string Method, string Pattern, Access Access, Handler Handle, Operation Operation)
{
    /// <summary>The largest body, in bytes; null: no limit.</summary>
    public long? MaxBody { get; init; } = JsonFields.MaxBodyBytes;

    /// <summary>Whether its response is in memory. A response takes so little time then that timing each one would be a noticeable part of it.</summary>
    public bool IsInMemory { get; init; }

    /// <summary>Whether pages of other origins may read it.</summary>
    public bool AllowsAnyOrigin { get; init; }

    /// <summary>Whether its body is a form of a page, not JSON.</summary>
    public bool IsForm { get; init; }

    /// <summary>Whether people type much into its form, which the page of a refusal then holds, to be sent again.</summary>
    public bool KeepsForm { get; init; }

    /// <summary>Whether its form may be <c>multipart/form-data</c> too, as mail programs send what RFC 8058 has them send.</summary>
    public bool TakesMultipart { get; init; }

    /// <summary>Whether it is a gRPC method.</summary>
    public bool IsGrpc { get; init; }

    /// <summary>Which bucket its requests are taken from.</summary>
    public Limit Limit { get; init; } = Access == Access.Public ? Limit.Public : Limit.Key;
}
