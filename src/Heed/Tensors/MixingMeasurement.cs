using System.Diagnostics;
using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>One way of mixing the positions of a sequence, forward and backward: work and memory, predicted beside measured, and times.</summary>
public sealed record MixingMeasurement
{
    /// <summary>What was measured.</summary>
    public required MixingKind Kind { get; init; }

    /// <summary>The length of the sequence.</summary>
    public required int Tokens { get; init; }

    /// <summary>From the inputs to the output.</summary>
    public MixingPass Forward { get; private init; }

    /// <summary>From the output's gradient to those of the inputs.</summary>
    public MixingPass Backward { get; private init; }

    /// <summary>Bytes of tensors at once, inputs left out, as predicted.</summary>
    public long PredictedBytes { get; private init; }

    /// <summary>Bytes of native memory that were taken for tensors in both passes, inputs left out.</summary>
    public long Bytes => Backward.Bytes;

    /// <summary>Bytes that kernels took besides for their own work, on all threads.</summary>
    public long ScratchBytes { get; private init; }

    /// <summary>The power of the length with which a kind's time grows, where that is long.</summary>
    public static int ExpectedPower(MixingKind kind) => MixingCost.PowerOf(kind);

    /// <summary>The power of the length with which the memory of every kind grows.</summary>
    public static int ExpectedMemoryPower => 1;

    /// <summary>Measures one kind at one length, a batch of 1.</summary>
    /// <param name="kind">What.</param>
    /// <param name="tokens">The length of the sequence.</param>
    /// <param name="heads">The number of heads; divisible by 4 for <see cref="MixingKind.GroupedQuery"/>.</param>
    /// <param name="headDim">The size of a head.</param>
    /// <param name="threads">The number of threads.</param>
    /// <param name="repeats">How often each pass is timed.</param>
    /// <param name="cancellation">Looked at between passes.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below 1, or the heads do not divide.</exception>
    public static MixingMeasurement Measure(MixingKind kind, int tokens, int heads, int headDim, int threads, int repeats = 3, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headDim, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(repeats, 1);
        if (kind == MixingKind.GroupedQuery && heads % MixingCase.Group != 0)
            throw new ArgumentOutOfRangeException(nameof(heads), heads, $"MixingMeasurement: grouped queries need heads divisible by {MixingCase.Group}.");
        AttentionCounter counter = new();
        CpuBackend backend = new(threads) { Counter = counter };
        using Device device = Device.Create("cpu", DType.Float32, backend);
        using MixingCase data = new(kind, tokens, heads, headDim, device);
        using TensorScope scope = new();
        TimeSpan forward = TimeSpan.MaxValue, backward = TimeSpan.MaxValue;
        long adds = 0, moved = 0, bytes = 0;
        for (int i = 0; i <= repeats; i++)
        {
            // The first round warms up, and is the one whose forward pass is counted by itself.
            cancellation.ThrowIfCancellationRequested();
            bool first = i == 0;
            long start = Stopwatch.GetTimestamp(), middle = start;
            data.Run(scope, () =>
            {
                middle = Stopwatch.GetTimestamp();
                if (first) (adds, moved, bytes) = (counter.MultiplyAdds, counter.Bytes, scope.ReservedBytes);
            });
            if (i == 0) continue;
            TimeSpan there = Stopwatch.GetElapsedTime(start, middle), back = Stopwatch.GetElapsedTime(middle);
            (forward, backward) = (there < forward ? there : forward, back < backward ? back : backward);
        }
        MixingCost predicted = MixingCost.Of(kind, tokens, heads, headDim);
        return new MixingMeasurement
        {
            Kind = kind,
            Tokens = tokens,
            Forward = new MixingPass(forward, predicted.Forward.MultiplyAdds, adds, predicted.Forward.Bytes, moved, bytes),
            Backward = new MixingPass(backward, predicted.Backward.MultiplyAdds, counter.MultiplyAdds / (repeats + 1) - adds, predicted.Backward.Bytes, counter.Bytes / (repeats + 1) - moved, scope.ReservedBytes),
            PredictedBytes = predicted.Bytes,
            ScratchBytes = backend.ScratchBytes,
        };
    }
}
