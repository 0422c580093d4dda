using System.Diagnostics.CodeAnalysis;

namespace Heed.Tensors;

/// <summary>
/// Records the operations of this thread from its making on, so that <see cref="Backward"/> can work out the gradients of
/// their result: reverse-mode differentiation. Tensors with <see cref="Tensor.RequiresGradient"/>, and all that is computed
/// from them, are watched; the rest costs nothing. Without a tape nothing is recorded.
/// </summary>
/// <example><code>
/// using GradientTape tape = new();
/// Tensor loss = (prediction - wanted).Square().Mean();
/// tape.Backward(loss);                       // weight.Gradient now holds ∂loss/∂weight
/// </code></example>
/// <remarks>
/// A tape holds on to what the backward steps need, whatever scope it was made in, and lets go of it as they are done, or
/// when it is disposed of. It belongs to the thread that made it. Tapes nest; the innermost one records.
/// </remarks>
public sealed class GradientTape : IDisposable
{
    [ThreadStatic]
    private static GradientTape? t_current;

    private readonly GradientTape? _previous;
    private readonly List<RecordedNode> _nodes = [];
    private readonly List<SavedTensor> _pending = [];
    private bool _done;
    private bool _disposed;

    /// <summary>Begins to record.</summary>
    public GradientTape()
    {
        _previous = t_current;
        t_current = this;
    }

    /// <summary>Whether operations on watched tensors are being recorded on this thread.</summary>
    public static bool IsRecording => t_current is not null;

    /// <summary>The number of operations recorded and not yet run back.</summary>
    public int Count => _nodes.Count;

    /// <summary>Records nothing until the returned value is disposed of.</summary>
    public static Pause NoGrad() => new(t_current);

    /// <summary>
    /// Computes the gradient of <paramref name="result"/> with respect to every leaf that it was computed from, and adds it
    /// to their <see cref="Tensor.Gradient"/>. Ends the recording: a tape runs back once.
    /// </summary>
    /// <param name="result">What to differentiate; a scalar, or any shape if <paramref name="gradient"/> is given.</param>
    /// <param name="gradient">The gradient of what comes after with respect to the result; 1 if null.</param>
    /// <exception cref="InvalidOperationException">
    /// Nothing that requires a gradient went into the result, the tape has run already, or a tensor that is needed was
    /// overwritten in place.
    /// </exception>
    /// <exception cref="ArgumentException">The result is no scalar and no gradient is given, or the gradient has another shape.</exception>
    public void Backward(Tensor result, Tensor? gradient = null)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (_done) throw new InvalidOperationException("Backward: the tape has been run back already; record a new one.");
        if (result.Node is not { } node || (node is RecordedNode recorded && !ReferenceEquals(recorded.Tape, this)))
            throw new InvalidOperationException("Backward: the result does not depend on a tensor that requires a gradient, or was not computed under this tape.");
        if (gradient is null && result.ElementCount != 1)
            TensorErrors.WrongShape("Backward", "result", result.Shape, "one element, or a gradient of the same shape as second argument");
        using Pause pause = NoGrad();
        using TensorScope.Lease lease = TensorScope.Begin();
        _done = true;
        node.Add(gradient ?? Tensor.Ones(result.Shape, result.Device));
        try
        {
            for (int i = _nodes.Count - 1; i >= 0; i--)
            {
                _nodes[i].Run();
                _nodes.RemoveAt(i);
            }
        }
        finally
        {
            Clear();
        }
    }

    /// <summary>Ends the recording and gives back what is still held.</summary>
    public void Dispose()
    {
        Clear();
        _done = _disposed = true;
        if (ReferenceEquals(t_current, this)) t_current = Alive(_previous);
    }

    /// <summary>The tape, or the innermost one around it that has not been disposed of before its time.</summary>
    private static GradientTape? Alive(GradientTape? tape)
    {
        while (tape is { _disposed: true }) tape = tape._previous;
        return tape;
    }

    internal static GradientTape? Current => t_current;

    /// <summary>The tape that an operation on these tensors must record itself on; null where none watches.</summary>
    internal static GradientTape? Watching(Tensor a, Tensor? b = null, Tensor? c = null) =>
        t_current is { } tape && (a.Node is not null || b?.Node is not null || c?.Node is not null) ? tape : null;

    /// <summary>Keeps a tensor for the backward step of the operation that is recorded next.</summary>
    internal SavedTensor Save(Tensor tensor, string operation)
    {
        SavedTensor saved = new(tensor, operation);
        _pending.Add(saved);
        return saved;
    }

    /// <summary>
    /// Makes <paramref name="result"/> the result of an operation whose backward step is <paramref name="backward"/>: it is
    /// given the result's gradient, must not change it, and adds to the inputs' nodes.
    /// </summary>
    internal void Record(Tensor result, Action<Tensor> backward)
    {
        if (_done) throw new InvalidOperationException("GradientTape: the tape has been run back or disposed of; record a new one.");
        RecordedNode node = new(this, result.Shape, result.Device, [.. _pending], backward);
        _pending.Clear();
        _nodes.Add(node);
        result.Node = node;
    }

    private void Clear()
    {
        foreach (RecordedNode node in _nodes) node.Free();
        _nodes.Clear();
        foreach (SavedTensor tensor in _pending) tensor.Free();
        _pending.Clear();
    }

    /// <summary>A stretch in which nothing is recorded.</summary>
    [SuppressMessage("Performance", "CA1815", Justification = "A pause is never compared.")]
    public readonly ref struct Pause
    {
        private readonly GradientTape? _tape;

        internal Pause(GradientTape? tape)
        {
            _tape = tape;
            if (tape is not null) t_current = null;
        }

        /// <summary>Goes on recording.</summary>
        public void Dispose()
        {
            if (_tape is not null) t_current = Alive(_tape);
        }
    }
}
