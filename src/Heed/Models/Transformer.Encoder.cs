using Heed.Kernels;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <content>The encoder of a model of two halves, and what its decoder gets from it.</content>
public sealed partial class Transformer
{
    /// <summary>The half that reads, or null where the model reads and writes one text. It has its decoder's token table and output layer.</summary>
    public Transformer? Encoder { get; }

    /// <summary>
    /// Lets the encoder read, and keeps in <paramref name="cache"/> the keys and values that each block of the decoder looks at
    /// with every token from then on. What the cache held before is forgotten.
    /// </summary>
    /// <param name="sources">A text for each of the cache's rows; a row's result does not depend on the others.</param>
    /// <param name="cache">Of this model.</param>
    /// <param name="cancellation">Looked at before each block; the cache is as it was then.</param>
    /// <exception cref="NotSupportedException">The model has no encoder.</exception>
    /// <exception cref="ArgumentException">There are not as many sources as rows, one is longer than the encoder's context, or the cache is another model's.</exception>
    /// <exception cref="ObjectDisposedException">The cache was disposed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the vocabulary.</exception>
    public void Encode(SourceRows sources, KvCache cache, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(cache);
        cache.CheckFits(Config.NumLayers, Config.KvHeads, (Config.HeadSize, Config.ValueHeadSize), Device, _windows, _mixers);
        using GradientTape.Pause pause = GradientTape.NoGrad();
        using StepScope step = new(TensorScope.Current is null);
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor states = Read(sources, cache.Batch, dropoutSeed: null, recompute: false, cancellation);
        int[] lengths = sources.Lengths.ToArray();
        CrossMemory memory = new([.. _blocks.Select(block => block.Cross!.Store(states, lengths, cache.Type))], lengths) { Reader = this };
        cache.Clear();
        cache.Memory = memory;
    }

    /// <summary>What the decoder looks at in passes over its own rows; null where there is no encoder.</summary>
    private CrossMemory? Remember(SourceRows? sources, int batch, ulong? dropoutSeed, bool recompute, CancellationToken cancellation, int firstRow = 0)
    {
        if (sources is null && Encoder is null) return null;
        if (sources is null) throw new ArgumentException($"Forward: the model has an encoder and got no sources; expected {batch}, one for each row.", nameof(sources));
        // What falls to dropout in the encoder has nothing to do with what does in the decoder.
        ulong? seed = dropoutSeed is { } own ? SplitMix.Mix(~own) : null;
        return new CrossMemory(Read(sources, batch, seed, recompute, cancellation, firstRow), sources.Lengths.ToArray());
    }

    /// <summary>The encoder's output, [batch, seq, hidden].</summary>
    private Tensor Read(SourceRows sources, int batch, ulong? dropoutSeed, bool recompute, CancellationToken cancellation, int firstRow = 0)
    {
        Transformer encoder = Encoder ?? throw new NotSupportedException("Encode: the model has no encoder (ModelConfig.Encoder); it reads one text, which Forward takes.");
        if (sources.Batch != batch) throw new ArgumentException($"Encode: got {sources.Batch} sources; expected {batch}, one for each row.", nameof(sources));
        if (sources.SeqLen > encoder.Config.MaxSeqLen)
            throw new ArgumentException($"Encode: the longest source has {sources.SeqLen} tokens; expected at most {encoder.Config.MaxSeqLen}, the encoder's context.", nameof(sources));
        OwnRows rows = encoder.Own(sources.Tokens, batch, sources.Positions(), default, dropoutSeed, firstRow);
        return encoder.Normed(encoder.Hidden(sources.Tokens, batch, new ForwardPass(rows), recompute, encoder._blocks.Length, cancellation), rows.IsTraining);
    }
}
