using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;

namespace Xerotier.ServiceDefaults;

/// <summary>Answers every failure over gRPC with the codes of product.md section 2: a status that fits, and the code in the trailer <c>xerotier-error-code</c>.</summary>
/// <param name="logger">Where faults of ours are logged.</param>
public sealed partial class GrpcErrors(ILogger<GrpcErrors> logger) : Interceptor
{
    /// <summary>Name of the trailer that carries <see cref="ApiError.Code"/>.</summary>
    public const string CodeTrailer = "xerotier-error-code";

    /// <summary>The gRPC form of <paramref name="error"/>.</summary>
    public static RpcException ToRpc(ApiError error) => new(
        new Status(
            error.Status switch
            {
                400 or 413 or 415 => StatusCode.InvalidArgument,
                401 => StatusCode.Unauthenticated,
                403 => StatusCode.PermissionDenied,
                404 => StatusCode.NotFound,
                409 => error.Code == "already_exists" ? StatusCode.AlreadyExists : StatusCode.FailedPrecondition,
                412 => StatusCode.FailedPrecondition,
                429 => StatusCode.ResourceExhausted,
                503 => StatusCode.Unavailable,
                504 => StatusCode.DeadlineExceeded,
                _ => StatusCode.Internal,
            },
            error.Message),
        new Metadata { { CodeTrailer, error.Code } });

    /// <inheritdoc/>
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            throw Map(failure, context);
        }
    }

    /// <inheritdoc/>
    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            throw Map(failure, context);
        }
    }

    /// <inheritdoc/>
    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(requestStream, responseStream, context);
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            throw Map(failure, context);
        }
    }

    private RpcException Map(Exception failure, ServerCallContext context)
    {
        if (context.CancellationToken.IsCancellationRequested && (failure is OperationCanceledException or IOException))
        {
            return new RpcException(new Status(StatusCode.Cancelled, "The call was cancelled."));
        }

        var error = ApiErrors.From(failure);
        if (error.Status == 500)
        {
            LogFailure(logger, failure, context.Method);
        }
        else if (error.Status > 500 && failure is not ApiException)
        {
            LogUnavailable(logger, context.Method, error.Code, failure.Message);
        }

        return ToRpc(error);
    }

    [LoggerMessage(1, LogLevel.Error, "{Method} failed")]
    private static partial void LogFailure(ILogger logger, Exception failure, string method);

    [LoggerMessage(2, LogLevel.Warning, "{Method} failed with {Code}: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string method, string code, string reason);
}
