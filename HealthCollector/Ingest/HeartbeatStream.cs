using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using Xerotier.Health.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector;

/// <summary>
/// <c>xerotier.health.v1.Heartbeats/Report</c> with each heartbeat read by itself where they cannot be read together: to the generated
/// service one heartbeat that is no protobuf (a name that is not UTF-8, say) would end the stream.
/// </summary>
[BindServiceMethod(typeof(HeartbeatStream), nameof(BindService))]
internal abstract class HeartbeatStream
{
    private static readonly uint HeartbeatTag = WireFormat.MakeTag(ReportRequest.HeartbeatsFieldNumber, WireFormat.WireType.LengthDelimited);

    private static readonly Method<IReadOnlyList<Received>, ReportResponse> ReportMethod = new(
        MethodType.DuplexStreaming,
        Heartbeats.Descriptor.FullName,
        nameof(Report),
        new(static (_, _) => throw new NotSupportedException(), static context => Read(context.PayloadAsReadOnlySequence())),
        new(Write, static _ => throw new NotSupportedException()));

    /// <summary>Called by the server when it maps the service.</summary>
    public static void BindService(ServiceBinderBase binder, HeartbeatStream? service) =>
        binder.AddMethod(ReportMethod, service is null ? null : new DuplexStreamingServerMethod<IReadOnlyList<Received>, ReportResponse>(service.Report));

    /// <summary>The stream: batches come, and each is answered.</summary>
    public abstract Task Report(IAsyncStreamReader<IReadOnlyList<Received>> requestStream, IServerStreamWriter<ReportResponse> responseStream, ServerCallContext context);

    private static List<Received> Read(ReadOnlySequence<byte> request)
    {
        try
        {
            return [.. ReportRequest.Parser.ParseFrom(request).Heartbeats.Select(heartbeat => new Received(heartbeat, null))];
        }
        catch (InvalidProtocolBufferException)
        {
            return ReadOneByOne(request.ToArray());
        }
    }

    private static List<Received> ReadOneByOne(byte[] request)
    {
        var batch = new List<Received>();
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

    private static Received ReadOne(ByteString heartbeat)
    {
        try
        {
            return new(Heartbeat.Parser.ParseFrom(heartbeat), null);
        }
        catch (InvalidProtocolBufferException)
        {
            return new(null, Refusal.Invalid("The heartbeat is not a valid protobuf message, or a text in it is not UTF-8."));
        }
    }

    private static void Write(ReportResponse response, SerializationContext context)
    {
        context.SetPayloadLength(response.CalculateSize());
        response.WriteTo(context.GetBufferWriter());
        context.Complete();
    }
}
