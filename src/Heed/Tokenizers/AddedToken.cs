namespace Heed.Tokenizers;

/// <summary>A token that is found in text as a whole, before anything else looks at the text.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">What it looks like in text.</param>
/// <param name="Special">Found only where special tokens are asked for.</param>
internal sealed record AddedToken(int Id, string Text, bool Special)
{
    /// <summary>Takes the white space before it along.</summary>
    public bool StripsLeft { get; init; }

    /// <summary>Takes the white space after it along.</summary>
    public bool StripsRight { get; init; }

    /// <summary>Found only where it does not touch other word characters.</summary>
    public bool SingleWord { get; init; }
}
