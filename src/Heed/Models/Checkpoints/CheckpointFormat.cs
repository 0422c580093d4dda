namespace Heed.Models.Checkpoints;

/// <summary>The kinds of checkpoint that can be opened.</summary>
public enum CheckpointFormat
{
    /// <summary>One GGUF file.</summary>
    Gguf,

    /// <summary>Hugging Face's: config.json with safetensors beside it.</summary>
    HuggingFace,

    /// <summary>Meta's: params.json with a PyTorch file beside it.</summary>
    Meta,

    /// <summary>One llama2.c file.</summary>
    Llama2c,

    /// <summary>Heed's own, for models that no Hugging Face family describes: config.json with safetensors beside it.</summary>
    Heed,
}
