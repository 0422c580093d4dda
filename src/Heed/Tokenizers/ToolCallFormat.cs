namespace Heed.Tokenizers;

/// <summary>How a family of models writes the calls of tools.</summary>
public enum ToolCallFormat
{
    /// <summary>Not at all, or in a way that is not known.</summary>
    None,

    /// <summary>Llama 3.x: <c>{"name": …, "parameters": {…}}</c> as the whole answer, also after &lt;|python_tag|&gt;, several with ; between them.</summary>
    Llama3Json,

    /// <summary>Hermes, Qwen and others: <c>&lt;tool_call&gt;{"name": …, "arguments": {…}}&lt;/tool_call&gt;</c>.</summary>
    Hermes,

    /// <summary>Mistral: <c>[TOOL_CALLS][{"name": …, "arguments": {…}}]</c>, later <c>[TOOL_CALLS]name[ARGS]{…}</c>.</summary>
    Mistral,
}
