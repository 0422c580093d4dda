namespace Heed.Tensors;

/// <summary>What modifies the scores of fused attention.</summary>
/// <param name="Scale">Multiplies q·k; 1/√headDim for plain attention.</param>
/// <param name="SoftCap">Scores become c·tanh(score/c); 0 for none (Gemma 2, arXiv 2408.00118).</param>
/// <param name="Window">A query sees at most this many keys, its own included; 0 for no bound (Mistral, arXiv 2310.06825).</param>
public readonly record struct AttentionOptions(float Scale, float SoftCap = 0, int Window = 0);
