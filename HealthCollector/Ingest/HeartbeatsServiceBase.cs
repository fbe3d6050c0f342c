using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using Xerotier.Health.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>
/// <c>xerotier.health.v1.Heartbeats/Report</c>, in place of the generated base class. When a request cannot be parsed as a whole, this
/// one parses each heartbeat by itself: with the generated one, one malformed heartbeat (a name that is not UTF-8) ends the stream.
/// </summary>
[BindServiceMethod(typeof(HeartbeatsServiceBase), nameof(BindService))]
internal abstract class HeartbeatsServiceBase
{
    private static readonly uint HeartbeatTag = WireFormat.MakeTag(ReportRequest.HeartbeatsFieldNumber, WireFormat.WireType.LengthDelimited);

    private static readonly Method<IReadOnlyList<ParsedHeartbeat>, ReportResponse> ReportMethod = new(
        MethodType.DuplexStreaming,
        Heartbeats.Descriptor.FullName,
        nameof(Report),
        new(static (_, _) => throw new NotSupportedException(), static context => Read(context.PayloadAsReadOnlySequence())),
        new(Write, static _ => throw new NotSupportedException()));

    /// <summary>Called by the server when it maps the service.</summary>
    public static void BindService(ServiceBinderBase binder, HeartbeatsServiceBase? service) =>
        binder.AddMethod(ReportMethod, service is null ? null : new DuplexStreamingServerMethod<IReadOnlyList<ParsedHeartbeat>, ReportResponse>(service.Report));

    /// <summary>The stream: each batch gets one response.</summary>
    public abstract Task Report(IAsyncStreamReader<IReadOnlyList<ParsedHeartbeat>> requestStream, IServerStreamWriter<ReportResponse> responseStream, ServerCallContext context);

    private static List<ParsedHeartbeat> Read(ReadOnlySequence<byte> request)
    {
        try
        {
            return [.. ReportRequest.Parser.ParseFrom(request).Heartbeats.Select(heartbeat => new ParsedHeartbeat(heartbeat, null))];
        }
        catch (InvalidProtocolBufferException)
        {
            return ReadOneByOne(request.ToArray());
        }
    }

    private static List<ParsedHeartbeat> ReadOneByOne(byte[] request)
    {
        var batch = new List<ParsedHeartbeat>();
        try
        {
            using var input = new CodedInputStream(request);
            while (input.ReadTag() is var tag and not 0)
            {
                if (tag == HeartbeatTag)
                {
                    batch.Add(ReadOne(input.ReadBytes()));
                }
                else
                {
                    input.SkipLastField();
                }
            }

            return batch;
        }
        catch (InvalidProtocolBufferException)
        {
            throw GrpcErrors.ToRpc(ApiErrors.Invalid("The message is not a ReportRequest.", "heartbeats"));
        }
    }

    private static ParsedHeartbeat ReadOne(ByteString heartbeat)
    {
        try
        {
            return new(Heartbeat.Parser.ParseFrom(heartbeat), null);
        }
        catch (InvalidProtocolBufferException)
        {
            return new(null, Refusal.Invalid("The heartbeat is not a valid protobuf message, or a string in it is not valid UTF-8."));
        }
    }

    private static void Write(ReportResponse response, SerializationContext context)
    {
        context.SetPayloadLength(response.CalculateSize());
        response.WriteTo(context.GetBufferWriter());
        context.Complete();
    }
}
