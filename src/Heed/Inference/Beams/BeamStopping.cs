namespace Heed.Inference.Beams;

/// <summary>When a beam search, or a group of one, is over before the bound of tokens.</summary>
public enum BeamStopping
{
    /// <summary>As soon as as many texts are finished as there are beams.</summary>
    WhenFull,

    /// <summary>When so many are finished and no open one can come to a better score than the worst of them.</summary>
    WhenSettled,

    /// <summary>Never: every text is written on until it ends by itself or the bound is reached.</summary>
    AtBound,
}
