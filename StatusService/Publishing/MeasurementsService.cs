using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Xerotier.ServiceDefaults;
using Xerotier.Measured.V1;

namespace Xerotier.StatusService.Publishing;

/// <summary>Tells the MaintenanceService which outages are measured now.</summary>
[Authorize(Policies.Service)]
public sealed class MeasurementsService(Published published) : Measurements.MeasurementsBase
{
    /// <inheritdoc/>
    public override Task<ListOutagesResponse> ListOutages(ListOutagesRequest request, ServerCallContext context)
    {
        if (!published.IsLoopAlive || published.Look is not { } look)
        {
            throw new RpcException(new(StatusCode.Unavailable, "Nothing is known at present."));
        }

        return Task.FromResult(new ListOutagesResponse
        {
            Outages =
            {
                from outage in look.Board.MeasuredOutages(look.Stamp)
                select new MeasuredOutage { ComponentId = outage.Component.Id, Since = outage.Since is { } at ? Timestamp.FromDateTimeOffset(DateTimeOffset.FromUnixTimeSeconds(at)) : null },
            },
        });
    }
}
