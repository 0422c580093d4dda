using Heed.Models;
using Heed.Tensors;

namespace Heed.Inference.Drafting;

/// <summary>Another model drafts, with a cache of its own, which follows the text.</summary>
internal sealed class ModelDrafter(Speculation options, WritingModel model, LanguageModel draft) : NetworkDrafter(options, model)
{
    private readonly Transformer _network = draft.Transformer;
    private readonly TensorScope _scope = new(recycles: true);
    private readonly TokenHistory _history = new(draft.Transformer.CreateCache(maxPositions: draft.ContextLength, type: draft.CacheType), draft.ContextLength);

    /// <summary>What a token of the draft costs beside one of the model's, by their parameters.</summary>
    public static double CostOf(ModelConfig draft, ModelConfig model) => (double)draft.ParameterCount() / model.ParameterCount();

    public override void Dispose()
    {
        _history.Dispose();
        _scope.Dispose();
    }

    private protected override bool FallsBehind => true;

    // The draft's last token is not read.
    private protected override int RoomAfter(int length) => Math.Max(0, _history.MaxTokens - length + 1);

    private protected override void Read(ReadOnlySpan<int> text, ReadOnlySpan<int> drafted, CancellationToken cancellation)
    {
        ReadOnlySpan<int> rest = drafted.IsEmpty ? text[_history.KeepShared(text)..] : drafted[^1..];
        while (!rest.IsEmpty)
        {
            ReadOnlySpan<int> chunk = rest[..Math.Min(PromptReader.Chunk, rest.Length)];
            using TensorScope.Lease step = _scope.Enter();
            ReadOnlySpan<float> logits = _network.Forward(chunk, _history.Cache, cancellation: cancellation).AsSpan();
            _history.Add(chunk);
            rest = rest[chunk.Length..];
            if (rest.IsEmpty) Take(logits);
        }
    }

    // What was read of a wrong draft goes when the next one begins.
    private protected override void Forget()
    {
    }

    /// <summary>Vocabularies of the same tokens may be padded to different sizes.</summary>
    private void Take(ReadOnlySpan<float> logits)
    {
        logits[..Math.Min(logits.Length, Logits.Length)].CopyTo(Logits);
        if (logits.Length < Logits.Length) Logits.AsSpan(logits.Length).Fill(float.NegativeInfinity);
    }
}
