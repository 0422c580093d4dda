using Heed.Tensors;

namespace Heed.Inference.Drafting;

/// <summary>
/// The model's own first blocks draft. What these have stored of the text is the whole model's, so that they need no cache of their own: a
/// draft goes into the model's and is cut off again, and the pass that checks it writes it anew in all blocks.
/// </summary>
internal sealed class ShallowDrafter(EarlyExit options, WritingModel model, TokenHistory history) : NetworkDrafter(options, model)
{
    private readonly WritingModel _model = model;
    private readonly int _layers = options.Layers;
    private readonly TensorScope _scope = new(recycles: true);

    public override void Dispose() => _scope.Dispose();

    private protected override bool FallsBehind => false;

    private protected override int RoomAfter(int length) => Math.Max(0, history.MaxTokens - length + 1);

    private protected override void Read(ReadOnlySpan<int> text, ReadOnlySpan<int> drafted, CancellationToken cancellation)
    {
        ReadOnlySpan<int> next = drafted.IsEmpty ? text[^1..] : drafted[^1..];
        using TensorScope.Lease step = _scope.Enter();
        _model.Forward(next, history.Cache, depth: _layers, cancellation: cancellation).AsSpan().CopyTo(Logits);
    }

    private protected override void Forget()
    {
        // A pass that failed may have emptied the cache.
        if (history.Cache.Length() > history.Length) history.Cache.Truncate(0, history.Length);
    }
}
