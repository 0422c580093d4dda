using Heed.Tensors;

namespace Heed.Nn;

/// <summary>A layer in which the positions of a sequence learn of one another: attention, or what stands in its place.</summary>
/// <param name="output">The layer that what is mixed goes through at the end, back to hidden.</param>
public abstract class SequenceMixer(Linear output)
{
    /// <summary>The output layer.</summary>
    public Linear Output { get; } = output;

    /// <summary>Whether tokens can be added bit by bit, with a <see cref="MixerState"/> in between.</summary>
    public virtual bool CanAppend => false;

    /// <summary>What this layer is made of, layers and tensors, by their names.</summary>
    internal abstract IEnumerable<(string Name, object Layer)> Layers { get; }

    /// <summary>All positions at once.</summary>
    /// <param name="x">[batch, seq, hidden].</param>
    /// <returns>[batch, seq, hidden].</returns>
    /// <exception cref="ArgumentException">The sequences have no positions.</exception>
    public Tensor Forward(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.Shape.Rank != 3) return Output.Forward(Inner(x));
        if (x.Shape[1] == 0) throw new ArgumentException($"Forward: x is {x.Shape}, sequences without positions; expected [batch, seq, hidden] with a seq of 1 or more.", nameof(x));
        return x.Shape[0] == 0 ? Tensor.Zeros(new Shape(0, x.Shape[1], Output.OutFeatures), x.Device) : Output.Forward(Inner(x));
    }

    /// <summary>What this layer keeps of the tokens so far, with none yet. Dispose of it.</summary>
    /// <param name="batch">The number of rows.</param>
    /// <param name="device">Where the layer is; the CPU if null.</param>
    /// <exception cref="NotSupportedException">This layer cannot go on from earlier tokens.</exception>
    public virtual MixerState CreateState(int batch, Device? device = null) =>
        throw new NotSupportedException($"CreateState: a {GetType().Name} like this one sees all tokens at once and keeps no state; call Forward with all of them.");

    /// <summary>The outputs of the next positions of each row: the same as those of <see cref="Forward"/> over all tokens so far.</summary>
    /// <param name="x">[batch, seq, hidden].</param>
    /// <param name="state">Of this layer; overwritten.</param>
    /// <exception cref="NotSupportedException">This layer cannot go on from earlier tokens.</exception>
    /// <exception cref="InvalidOperationException">A gradient is wanted, which a state does not have.</exception>
    public Tensor Append(Tensor x, MixerState state)
    {
        CheckAppends();
        state.Check(this, x);
        int tokens = x.Shape[0] * x.Shape[1];
        Span<int> positions = tokens <= 256 ? stackalloc int[tokens] : new int[tokens];
        for (int i = 0; i < tokens; i++) positions[i] = state.LengthOf(i / x.Shape[1]) + i % x.Shape[1];
        return Output.Forward(Advance(x, state, positions));
    }

    /// <summary>What this layer can learn, under names that begin with <paramref name="name"/>.</summary>
    public IEnumerable<Parameter> Parameters(string name) => Layers.SelectMany(part => part.Layer switch
    {
        Linear linear => linear.Parameters($"{name}.{part.Name}"),
        Norm norm => norm.Parameters($"{name}.{part.Name}"),
        Tensor tensor => [new Parameter($"{name}.{part.Name}", tensor)],
        _ => [],
    });

    /// <summary>What belongs to this layer's state though no gradient reaches it.</summary>
    internal IEnumerable<Parameter> Buffers(string name) => Layers.SelectMany(part => part.Layer is Norm norm ? norm.Buffers($"{name}.{part.Name}") : []);

    /// <summary>As in a pass of a model, [batch, seq, inner]; <see cref="Output"/> is still to be applied.</summary>
    /// <param name="x">[batch, seq, hidden].</param>
    /// <param name="pass">What the tokens see.</param>
    /// <param name="layer">The number of the block.</param>
    internal virtual Tensor Inner(Tensor x, in ForwardPass pass, int layer)
    {
        if (pass.Rows is { } own) return own.Documents.Apply(x, Output.InFeatures, Inner);
        return Advance(x, pass.Cache!.State(layer), pass.Positions);
    }

    /// <summary>All positions at once, before <see cref="Output"/>.</summary>
    private protected abstract Tensor Inner(Tensor x);

    /// <summary>
    /// The next positions of all rows, before <see cref="Output"/>. A mixer that keeps little for each token takes all rows at once;
    /// others, which this is for, one row after another.
    /// </summary>
    /// <param name="x">[batch, seq, hidden].</param>
    /// <param name="state">Of this layer; what it knows of its length is counted afterwards.</param>
    /// <param name="positions">[batch, seq]: where each token stands in its row; −1 is padding, which nothing sees and which gets zeros.</param>
    /// <returns>[batch, seq, inner].</returns>
    private protected virtual Tensor Next(Tensor x, MixerState state, ReadOnlySpan<int> positions)
    {
        int seq = x.Shape[1];
        Tensor[] rows = new Tensor[x.Shape[0]];
        for (int row = 0; row < rows.Length; row++) rows[row] = NextOfRow(x.Slice(0, row, 1), state, row, positions.Slice(row * seq, seq));
        return rows.Length == 1 ? rows[0] : Ops.Concat(0, rows); // [batch, seq, inner]
    }

    /// <summary>The next positions of one row, none of them padding, after <paramref name="before"/> earlier ones.</summary>
    private protected virtual Tensor NextOfRow(Tensor x, MixerState state, int row, int before) => throw new NotSupportedException($"Append: a {GetType().Name} takes all rows at once.");

    private protected static void CheckInput(string layer, Tensor x, int hidden)
    {
        if (x.Rank != 3 || x.Shape[2] != hidden) throw new ArgumentException($"{layer}: x has shape {x.Shape}; expected [batch, seq, {hidden}].", nameof(x));
    }

    private Tensor Advance(Tensor x, MixerState state, ReadOnlySpan<int> positions)
    {
        CheckAppends();
        Tensor result = Next(x, state, positions);
        state.Advance(positions);
        return result;
    }

    private void CheckAppends()
    {
        if (!CanAppend) throw new NotSupportedException($"Append: a {GetType().Name} like this one cannot go on from earlier tokens.");
    }

    private Tensor NextOfRow(Tensor x, MixerState state, int row, ReadOnlySpan<int> positions)
    {
        List<Tensor> parts = [];
        for (int start = 0, end; start < positions.Length; start = end)
        {
            bool padding = positions[start] < 0;
            end = start + 1;
            while (end < positions.Length && positions[end] < 0 == padding) end++;
            parts.Add(padding ? Tensor.Zeros(new Shape(1, end - start, Output.InFeatures), x.Device) : NextOfRow(x.Slice(1, start, end - start), state, row, positions[start]));
        }
        return parts.Count == 1 ? parts[0] : Ops.Concat(1, [.. parts]);
    }
}
