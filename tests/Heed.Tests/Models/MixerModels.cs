using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Training;

namespace Heed.Tests.Models;

/// <summary>Small models of every mixer that is not attention.</summary>
internal static class MixerModels
{
    public static readonly int[] Tokens = [3, 12, 5, 6, 0, 7, 4, 8, 8, 11, 2, 9, 10, 1, 3, 5];

    /// <summary>Those that a causal model can have; each goes on from a cache.</summary>
    public static TheoryData<string> Causal => ["full", "factors", "local", "simple", "mamba", "mamba-biases", "hard", "chunks"];

    /// <summary>Those that see both ways.</summary>
    public static TheoryData<string> BothWays => ["linformer", "linformer-shared", "both-ways", "simple-both-ways", "hard-both-ways"];

    public static ModelConfig ConfigOf(string name)
    {
        ModelConfig config = TinyRun.Config with { NumKvHeads = null, Positions = PositionKind.Learned, MaxSeqLen = 24 };
        return name switch
        {
            "full" => config with { Mixer = MixerKind.AftFull, AftFactorSize = 0, QkvBias = true, AttentionOutputBias = true },
            "factors" => config with { Mixer = MixerKind.AftFull, AftFactorSize = 3 },
            "local" => config with { Mixer = MixerKind.AftLocal, AftWindow = 4, NormPlacement = NormPlacement.Post },
            "simple" => config with { Mixer = MixerKind.AftSimple, Positions = PositionKind.None },
            "mamba" => config with { Mixer = MixerKind.Mamba, MambaStateSize = 3, Positions = PositionKind.None },
            "mamba-biases" => config with { Mixer = MixerKind.Mamba, MambaStateSize = 2, MambaExpansion = 1, MambaConvolutionWidth = 2, QkvBias = true, AttentionOutputBias = true, PostNorms = true },
            "hard" => config with { Mixer = MixerKind.Hard, HeadDim = 4 },
            "chunks" => config with { Mixer = MixerKind.Hard, HardChunk = 3, QkvBias = true },
            "linformer" => config with { Bidirectional = true, Mixer = MixerKind.Linformer, LinformerSize = 4, QkvBias = true },
            "linformer-shared" => config with { Bidirectional = true, Mixer = MixerKind.Linformer, LinformerSize = 4, LinformerShared = true },
            "both-ways" => config with { Bidirectional = true, Mixer = MixerKind.AftFull, AftFactorSize = 2 },
            "simple-both-ways" => config with { Bidirectional = true, Mixer = MixerKind.AftSimple },
            "hard-both-ways" => config with { Bidirectional = true, Mixer = MixerKind.Hard },
            _ => throw new ArgumentException($"There is no small model '{name}'.", nameof(name)),
        };
    }

    /// <summary>A model whose weights are large enough for all of them to matter.</summary>
    public static Transformer Make(string name, Device? device = null) => Make(ConfigOf(name), device);

    public static Transformer Make(ModelConfig config, Device? device = null)
    {
        Transformer model = new(config, new RandomWeights(3, config.NumLayers, device));
        Random random = new(8);
        foreach (Parameter parameter in model.Parameters)
            parameter.Value.Assign(parameter.Value + Tensor.Normal(parameter.Value.Shape, random, 0, 0.2, device));
        return model;
    }

    /// <summary>The logits of each token, one row after another.</summary>
    public static float[] Logits(Transformer model, ReadOnlySpan<int> tokens) => model.Forward(tokens, rows: LogitRows.All).ToArray();
}
