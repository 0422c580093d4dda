namespace Heed.Training.Data;

/// <summary>Fills one row of a batch with documents, one after the other; what is not filled stays padding.</summary>
internal ref struct RowWriter(TrainingBatch batch, int row)
{
    private readonly int _start = row * batch.SeqLen;
    private int _at;

    /// <summary>Tokens for which there is still room.</summary>
    public readonly int Room => batch.SeqLen - _at;

    /// <summary>Adds a document or a part of one.</summary>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="next">The token that follows in the document, or <see cref="TrainingBatch.IgnoreIndex"/>.</param>
    public void Add(ReadOnlySpan<int> tokens, int next)
    {
        Span<int> targets = batch.Targets.AsSpan(_start + _at, tokens.Length);
        tokens[1..].CopyTo(targets);
        targets[^1] = next;
        AddInputs(tokens);
    }

    /// <summary>Adds a document with targets of its own.</summary>
    public void Add(ReadOnlySpan<int> tokens, ReadOnlySpan<int> targets)
    {
        targets.CopyTo(batch.Targets.AsSpan(_start + _at, tokens.Length));
        AddInputs(tokens);
    }

    private void AddInputs(ReadOnlySpan<int> tokens)
    {
        tokens.CopyTo(batch.Tokens.AsSpan(_start + _at));
        for (int i = 0; i < tokens.Length; i++) batch.Positions[_start + _at + i] = i;
        batch.FirstKeys.AsSpan(_start + _at, tokens.Length).Fill(_at);
        _at += tokens.Length;
    }
}
