using Heed.Tokenizers.Templates;

namespace Heed.Tokenizers;

/// <summary>How the built-in formats write tools: as templates, which keep apart who wrote what.</summary>
internal sealed class BuiltInTools
{
    private const string Llama3 = """
        {{ bos_token }}
        {%- set system = messages[0].content | trim if messages[0].role == 'system' else '' %}
        {%- set rest = messages[1:] if messages[0].role == 'system' else messages %}
        {%- if tools %}
        {{- '<|start_header_id|>system<|end_header_id|>\n\nEnvironment: ipython\n\n' }}
        {{- 'You can call functions. To call one, answer with nothing but JSON of this form: {"name": "the function", "parameters": {"its argument": "a value"}}\nThese are the functions:\n\n' }}
        {%- for tool in tools %}{{ tool | tojson }}{{ '\n\n' }}{% endfor %}
        {{- system + '<|eot_id|>' }}
        {%- elif system %}
        {{- '<|start_header_id|>system<|end_header_id|>\n\n' + system + '<|eot_id|>' }}
        {%- endif %}
        {%- for message in rest %}
        {{- '<|start_header_id|>' + ('ipython' if message.role == 'tool' else message.role) + '<|end_header_id|>\n\n' }}
        {%- if message.role == 'assistant' %}
        {%- generation %}
        {%- for call in message.tool_calls or [] %}
        {{- '{"name": ' + call.function.name | tojson + ', "parameters": ' + call.function.arguments | tojson + '}' + ('' if loop.last else '; ') }}
        {%- endfor %}
        {{- ('' if message.tool_calls else message.content | trim) + '<|eot_id|>' }}
        {%- endgeneration %}
        {%- else %}
        {{- message.content | trim + '<|eot_id|>' }}
        {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}
        """;

    private const string ChatMl = """
        {{ bos_token }}
        {%- set system = messages[0].content if messages[0].role == 'system' else '' %}
        {%- set rest = messages[1:] if messages[0].role == 'system' else messages %}
        {%- if tools %}
        {{- '<|im_start|>system\n' + (system + '\n\n' if system else '') }}
        {{- 'You can call functions. These are their signatures:\n<tools>\n' }}
        {%- for tool in tools %}{{ tool | tojson }}{{ '\n' }}{% endfor %}
        {{- '</tools>\nTo call one, write JSON with its name and its arguments like this:\n<tool_call>\n{"name": "the function", "arguments": {"its argument": "a value"}}\n</tool_call><|im_end|>\n' }}
        {%- elif system %}
        {{- '<|im_start|>system\n' + system + '<|im_end|>\n' }}
        {%- endif %}
        {%- for message in rest %}
        {%- if message.role == 'tool' %}
        {{- '' if loop.previtem and loop.previtem.role == 'tool' else '<|im_start|>user' }}
        {{- '\n<tool_response>\n' + message.content + '\n</tool_response>' }}
        {{- '' if loop.nextitem and loop.nextitem.role == 'tool' else '<|im_end|>\n' }}
        {%- elif message.role == 'user' %}
        {{- '<|im_start|>user\n' + message.content + '<|im_end|>\n' }}
        {%- else %}
        {{- '<|im_start|>assistant\n' }}
        {%- generation %}
        {{- message.content }}
        {%- for call in message.tool_calls or [] %}
        {{- ('\n' if message.content or not loop.first else '') + '<tool_call>\n{"name": ' + call.function.name | tojson + ', "arguments": ' + call.function.arguments | tojson + '}\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>' }}
        {%- endgeneration %}
        {{- '\n' }}
        {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
        """;

    // The definitions stand before the last question, the system message in the first one.
    private const string Mistral = """
        {{ bos_token }}
        {%- set system = messages[0].content + '\n\n' if messages[0].role == 'system' else '' %}
        {%- set rest = messages[1:] if messages[0].role == 'system' else messages %}
        {%- set at = namespace(question=0) %}
        {%- for message in rest %}{% if message.role == 'user' %}{% set at.question = loop.index0 %}{% endif %}{% endfor %}
        {%- for message in rest %}
        {%- if message.role == 'user' %}
        {%- if tools and loop.index0 == at.question %}{{ '[AVAILABLE_TOOLS]' + tools | tojson + '[/AVAILABLE_TOOLS]' }}{% endif %}
        {{- '[INST]' + (system if loop.first else '') + message.content + '[/INST]' }}
        {%- elif message.role == 'tool' %}
        {{- '[TOOL_RESULTS]{"content": ' + message.content | tojson + ', "call_id": ' + message.tool_call_id | tojson + '}[/TOOL_RESULTS]' }}
        {%- else %}
        {%- generation %}
        {%- if message.tool_calls %}
        {{- '[TOOL_CALLS][' }}
        {%- for call in message.tool_calls %}
        {{- '{"name": ' + call.function.name | tojson + ', "arguments": ' + call.function.arguments | tojson + ', "id": ' + call.id | tojson + '}' + ('' if loop.last else ', ') }}
        {%- endfor %}
        {{- ']' + eos_token }}
        {%- else %}
        {{- message.content | trim + eos_token }}
        {%- endif %}
        {%- endgeneration %}
        {%- endif %}
        {%- endfor %}
        """;

    private static readonly BuiltInTools s_llama3 = new("Llama3", Llama3, "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>");
    private static readonly BuiltInTools s_chatMl = new("ChatMl", ChatMl, "<|im_start|>", "<|im_end|>");
    private static readonly BuiltInTools s_mistral = new("Mistral", Mistral, "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]");

    private BuiltInTools(string name, string source, params string[] markers)
    {
        Template = ChatTemplate.Parse(source, name);
        Markers = markers;
    }

    /// <summary>The template.</summary>
    public ChatTemplate Template { get; }

    /// <summary>The special tokens that it cannot do without.</summary>
    public IReadOnlyList<string> Markers { get; }

    /// <summary>The tools of a format that has some.</summary>
    public static BuiltInTools Of(ChatFormatKind kind) => kind switch
    {
        ChatFormatKind.Llama3 => s_llama3,
        ChatFormatKind.ChatMl => s_chatMl,
        ChatFormatKind.Mistral => s_mistral,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "BuiltInTools: the format has none."),
    };
}
