using Microsoft.Extensions.Logging;

namespace Heed.Extensions.AI;

/// <summary>What is logged. Only <see cref="Said"/>, <see cref="Answered"/> and the exceptions of <see cref="Failed"/> may hold what people say, and they are written where that is allowed.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Loading the model {ModelId}.")]
    public static partial void Loading(ILogger logger, string modelId);

    [LoggerMessage(2, LogLevel.Information, "Loaded the model {ModelId} in {Seconds:F2} s: {Architecture}, a context of {ContextLength} tokens.")]
    public static partial void Loaded(ILogger logger, string modelId, double seconds, string architecture, int contextLength);

    [LoggerMessage(3, LogLevel.Error, "Loading the model {ModelId} failed.")]
    public static partial void LoadingFailed(ILogger logger, string modelId, Exception failure);

    [LoggerMessage(4, LogLevel.Debug, "{Operation} {ResponseId} with {ModelId} begins.")]
    public static partial void Begins(ILogger logger, string operation, string responseId, string modelId);

    [LoggerMessage(5, LogLevel.Debug, "{Operation} {ResponseId} ended after {Seconds:F3} s: {InputTokens} tokens in, {CachedTokens} of them known before, {OutputTokens} out, {FinishReason}.")]
    public static partial void Ended(ILogger logger, string operation, string responseId, double seconds, long inputTokens, long cachedTokens, long outputTokens, string finishReason);

    [LoggerMessage(6, LogLevel.Debug, "{Operation} {ResponseId} was left or cancelled after {Seconds:F3} s.")]
    public static partial void Left(ILogger logger, string operation, string responseId, double seconds);

    [LoggerMessage(7, LogLevel.Error, "{Operation} {ResponseId} failed after {Seconds:F3} s: {ErrorType}.")]
    public static partial void Failed(ILogger logger, string operation, string responseId, double seconds, string? errorType, Exception? failure);

    [LoggerMessage(10, LogLevel.Debug, "{Operation} {ResponseId}: something that looked like the call of a tool is none, and came as text.")]
    public static partial void NoCall(ILogger logger, string operation, string responseId);

    [LoggerMessage(8, LogLevel.Trace, "{Operation} {ResponseId} was given: {Messages}", SkipEnabledCheck = true)]
    public static partial void Said(ILogger logger, string operation, string responseId, string messages);

    [LoggerMessage(9, LogLevel.Trace, "{Operation} {ResponseId} answered: {Messages}", SkipEnabledCheck = true)]
    public static partial void Answered(ILogger logger, string operation, string responseId, string messages);
}
