using Heed.Tensors;

namespace Heed.Nn;

/// <summary>A layer in which the positions of a sequence learn of one another: attention, or what stands in its place.</summary>
public abstract class SequenceMixer
{
    /// <summary>Whether tokens can be added bit by bit, with a <see cref="MixerState"/> in between.</summary>
    public virtual bool CanAppend => false;

    /// <summary>All positions at once.</summary>
    /// <param name="x">[batch, seq, hidden].</param>
    /// <returns>[batch, seq, hidden].</returns>
    public abstract Tensor Forward(Tensor x);

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
    public virtual Tensor Append(Tensor x, MixerState state) => throw new NotSupportedException($"Append: a {GetType().Name} like this one cannot go on from earlier tokens.");

    /// <summary>What this layer can learn, under names that begin with <paramref name="name"/>.</summary>
    public abstract IEnumerable<Parameter> Parameters(string name);

    private protected static void CheckInput(string layer, Tensor x, int hidden)
    {
        if (x.Rank != 3 || x.Shape[2] != hidden) throw new ArgumentException($"{layer}: x has shape {x.Shape}; expected [batch, seq, {hidden}].", nameof(x));
    }
}
