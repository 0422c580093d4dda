namespace Heed.Tokenizers;

/// <summary>The built-in chat formats.</summary>
public enum ChatFormatKind
{
    /// <summary>No markers: the messages, a line each. For models that were not trained to chat.</summary>
    Plain,

    /// <summary>Llama 2: [INST] and &lt;&lt;SYS&gt;&gt; as text, each turn between BOS and EOS.</summary>
    Llama2,

    /// <summary>Llama 3: a header before each message and &lt;|eot_id|&gt; after it.</summary>
    Llama3,

    /// <summary>ChatML: &lt;|im_start|&gt; and &lt;|im_end|&gt; (Qwen, SmolLM and others).</summary>
    ChatMl,

    /// <summary>Mistral: [INST] and [/INST], as tokens where the vocabulary has them.</summary>
    Mistral,

    /// <summary>Gemma: &lt;start_of_turn&gt; and &lt;end_of_turn&gt;.</summary>
    Gemma,

    /// <summary>Phi 3: &lt;|user|&gt;, &lt;|assistant|&gt; and &lt;|end|&gt;.</summary>
    Phi3,
}
