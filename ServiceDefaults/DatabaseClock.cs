using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Xerotier.ServiceDefaults;

/// <summary>The service's own clock beside its database's, which decides where data is judged.</summary>
public sealed class DatabaseClock(NpgsqlDataSource database, TimeProvider time, IMeterFactory meters, ILogger<DatabaseClock> logger)
    : StoreClock("the database's", time, meters, logger)
{
    /// <inheritdoc/>
    protected override async Task<(DateTimeOffset Answer, long Begun, TimeSpan Trip)> AskAsync(TimeProvider time, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation); // before the trip: connecting takes long on one side of it
        await using var command = new NpgsqlCommand("select clock_timestamp()", connection) { CommandTimeout = 2 };
        var begun = time.GetTimestamp();
        var answer = (DateTime)(await command.ExecuteScalarAsync(CancellationToken.None))!; // not cancelled: Npgsql does that synchronously, and two seconds are short
        return (answer, begun, time.GetElapsedTime(begun));
    }
}
