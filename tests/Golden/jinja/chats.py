"""Chat templates of our own, in the manners that published ones have, and dialogs."""

TEMPLATES = {
    "turns": """{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""",
    "headers": """{{ bos_token }}
{%- for message in messages %}
    {%- set content = '<|start_header_id|>' ~ message.role ~ '<|end_header_id|>\n\n' ~ message.content | default('', true) | trim ~ '<|eot_id|>' %}
    {{- content }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
""",
    "alternating": """{% if messages[0].role == 'system' %}
{% set first = messages[0].content + '\n\n' %}{% set rest = messages[1:] %}
{% else %}
{% set first = '' %}{% set rest = messages %}
{% endif %}
{{ bos_token -}}
{% for message in rest %}
{% if (message.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must take turns.') }}{% endif %}
{% if message.role == 'user' %}{{ '[INST] ' + (first if loop.first else '') + message.content.strip() + ' [/INST]' }}{% else %}{{ ' ' + message.content.strip() + eos_token }}{% endif %}
{% endfor %}""",
    "tools": """{%- macro kind(spec) -%}
    {%- if spec.type == 'array' -%}list[{{ kind(spec['items']) }}]
    {%- elif spec.type is string -%}{{ {'string': 'str', 'integer': 'int'}[spec.type] | default('any') }}
    {%- else -%}Union[{% for t in spec.type %}{{ kind({'type': t}) }}{{ ', ' if not loop.last }}{% endfor %}]
    {%- endif -%}
{%- endmacro -%}
{%- set ns = namespace(calls=0, last=-1) -%}
{%- for message in messages[::-1] %}{% if ns.last < 0 and message.role == 'user' %}{% set ns.last = messages | length - 1 - loop.index0 %}{% endif %}{% endfor -%}
{%- if tools %}
    {{- '<|im_start|>system\\n# Tools\\n' }}
    {%- for tool in tools %}
        {%- set tool = tool.function if tool.function is defined else tool %}
        {{- tool | tojson }}
        {{- '\\n' + tool.name + '(' }}
        {%- for name, spec in tool.parameters.properties | items %}
            {{- name + ': ' + kind(spec) + (' = None' if name not in (tool.parameters.required or []) else '') + ('' if loop.last else ', ') }}
        {%- endfor %}
        {{- ')\\n' }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'tool' %}
        {%- if loop.first or loop.previtem.role != 'tool' %}{{ '<|im_start|>user' }}{% endif %}
        {{- '\\n<tool_response>\\n' ~ message.content ~ '\\n</tool_response>' }}
        {%- if loop.last or loop.nextitem.role != 'tool' %}{{ '<|im_end|>\\n' }}{% endif %}
    {%- else %}
        {{- '<|im_start|>' + message.role + (' last' if loop.index0 == ns.last else '') + '\\n' }}
        {%- if message.content is string %}
            {%- if '</think>' in message.content %}
                {{- message.content.split('</think>')[-1].lstrip('\\n') }}
            {%- else %}
                {{- message.content }}
            {%- endif %}
        {%- elif message.content %}
            {%- for part in message.content %}{{ part.text if part.type == 'text' else '<' + part.type + '>' }}{% endfor %}
        {%- endif %}
        {%- for call in message.tool_calls or [] %}
            {%- set ns.calls = ns.calls + 1 %}
            {{- '\\n<tool_call>' ~ ns.calls ~ ' {\"name\": \"' + call.function.name + '\", \"arguments\": ' }}
            {{- call.function.arguments if call.function.arguments is string else call.function.arguments | tojson }}
            {{- '}</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}""",
    "masked": """{% for message in messages %}
{% if message.role == 'assistant' %}
<|assistant|>
{% generation %}{{ message.content }}{{ eos_token }}{% endgeneration %}

{% else %}
<|{{ message.role }}|>
{{ message.content }}
{% endif %}
{% endfor %}
Today is {{ strftime_now('%d %B %Y') }}.""",
    "printed": """{{ messages }}{{ tools }}{{ messages | map(attribute='role') | join(',') }}{{ messages | selectattr('role', 'equalto', 'user') | list | length }}""",
}

_TOOLS = [
    {"type": "function", "function": {"name": "weather", "description": "What the weather is like: \"now\" & <later>.", "parameters": {"type": "object", "properties": {
        "city": {"type": "string", "description": "Where, e.g. Zürich"}, "days": {"type": ["integer", "string"]}, "tags": {"type": "array", "items": {"type": "string"}}}, "required": ["city"]}}},
    {"type": "function", "function": {"name": "clock", "description": "", "parameters": {"type": "object", "properties": {}}}},
]

INPUTS = [
    {"messages": [{"role": "user", "content": "Hello!"}], "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", "tools": None},
    {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " Who are you? "}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nA model.\n"}, {"role": "user", "content": "It's 🙂 \"quoted\"\n"}],
     "add_generation_prompt": False, "bos_token": "<s>", "eos_token": "</s>", "tools": None},
    {"messages": [{"role": "user", "content": "Weather?"}, {"role": "assistant", "content": None, "tool_calls": [{"id": "call00001", "type": "function", "function": {"name": "weather", "arguments": {"city": "Zürich", "days": 2}}},
                  {"id": "call00002", "type": "function", "function": {"name": "clock", "arguments": "{}"}}]}, {"role": "tool", "content": "12.5", "tool_call_id": "call00001"}, {"role": "tool", "content": "noon", "tool_call_id": "call00002"},
                  {"role": "assistant", "content": "Mild."}], "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", "tools": _TOOLS},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "Look: "}, {"type": "image"}]}, {"role": "user", "content": "again"}], "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", "tools": []},
    {"messages": [], "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", "tools": None},
]
