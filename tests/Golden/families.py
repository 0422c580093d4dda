"""The families: a configuration as its real files have it, small numbers in it, and changes that must show.

`bites` are changes of the configuration that a wrong reader could make; the script refuses a family in which one
of them hardly moves the logits, so a passing test means that the feature was read and used.
"""
from dataclasses import dataclass, field


@dataclass
class Family:
    name: str
    config: dict
    bites: list = field(default_factory=list)
    lengths: tuple = (32, 32)
    storage: str = "F32"
    shards: int = 1
    prefix: str = ""
    weights_of: str = ""  # shares seed and weights with that family
    buffers: bool = False  # adds the non-weight tensors that some real files carry


def common(**changes):
    """The keys that every Llama-like configuration has, in Llama 2's clothes."""
    config = {
        "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 32, "initializer_range": 0.02,
        "intermediate_size": 40, "max_position_embeddings": 2048, "num_attention_heads": 4,
        "num_hidden_layers": 2, "num_key_value_heads": 2, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
        "tie_word_embeddings": False, "torch_dtype": "float32", "transformers_version": "4.44.0",
        "use_cache": True, "vocab_size": 67,
    }
    config.update(changes)
    return config


def llama(**changes):
    base = dict(architectures=["LlamaForCausalLM"], model_type="llama", attention_bias=False,
                attention_dropout=0.0, mlp_bias=False, pretraining_tp=1, rope_scaling=None)
    return common(**{**base, **changes})


LLAMA2 = dict(num_key_value_heads=4, intermediate_size=96)
LLAMA3_SCALING = {"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                  "original_max_position_embeddings": 64, "rope_type": "llama3"}
LLAMA3 = dict(intermediate_size=56, head_dim=16, rope_theta=500000.0, tie_word_embeddings=True,
              max_position_embeddings=512, rope_scaling=LLAMA3_SCALING, bos_token_id=1, eos_token_id=[2, 3, 4])


def without(*keys):
    return {key: None for key in keys}


LLAMA_FAMILIES = [
    Family("llama", llama(**LLAMA2), buffers=True,
           bites=[dict(rope_theta=9000.0), dict(rms_norm_eps=1e-2), dict(hidden_act="gelu")]),
    Family("llama-bf16-sharded", llama(**LLAMA2, torch_dtype="bfloat16"), storage="BF16", shards=2,
           bites=[dict(rope_theta=9000.0)]),
    Family("llama-f16", llama(torch_dtype="float16"), storage="F16", bites=[dict(rope_theta=9000.0)]),
    Family("llama-gqa", llama(head_dim=16, rope_theta=500000.0, tie_word_embeddings=True),
           bites=[dict(rope_theta=10000.0)]),
    Family("llama-bias", llama(attention_bias=True, mlp_bias=True, num_attention_heads=4, num_key_value_heads=1)),
    Family("smollm", llama(intermediate_size=64, tie_word_embeddings=True, max_position_embeddings=64,
                           bos_token_id=0, eos_token_id=0, rope_interleaved=False),
           bites=[dict(rope_theta=9000.0)]),
    Family("llama3-scaled", llama(**LLAMA3),
           bites=[without("rope_scaling"),
                  dict(rope_scaling={**LLAMA3_SCALING, "rope_type": "linear"}),
                  dict(rope_scaling={**LLAMA3_SCALING, "low_freq_factor": 2.0}),
                  dict(rope_scaling={**LLAMA3_SCALING, "high_freq_factor": 1.5})]),
    Family("llama3-scaled-v5", {
        **{k: v for k, v in llama(**LLAMA3).items() if k not in ("rope_theta", "rope_scaling", "torch_dtype")},
        "dtype": "float32", "transformers_version": "5.0.0",
        "rope_parameters": {**LLAMA3_SCALING, "rope_theta": 500000.0}}, weights_of="llama3-scaled"),
    Family("llama-linear", llama(rope_scaling={"factor": 2.0, "type": "linear"}),
           bites=[without("rope_scaling"), dict(rope_scaling={"factor": 2.5, "type": "linear"})]),
    Family("llama-ntk", llama(max_position_embeddings=16, rope_scaling={"factor": 2.0, "type": "dynamic"}),
           lengths=(32, 12),
           bites=[without("rope_scaling"), dict(rope_scaling={"factor": 2.5, "type": "dynamic"}),
                  dict(rope_scaling={"factor": 2.0, "type": "linear"})]),
    Family("llama-yarn", llama(num_attention_heads=2, num_key_value_heads=1,
                               max_position_embeddings=256, rope_scaling={
                                   "factor": 4.0, "original_max_position_embeddings": 64, "rope_type": "yarn",
                                   "beta_fast": 32.0, "beta_slow": 1.0}),
           bites=[without("rope_scaling"),
                  dict(rope_scaling={"factor": 4.0, "original_max_position_embeddings": 64, "rope_type": "yarn",
                                     "attention_factor": 1.0}),
                  dict(rope_scaling={"factor": 4.0, "original_max_position_embeddings": 32, "rope_type": "yarn"})]),
    Family("qwen2-yarn", common(
        architectures=["Qwen2ForCausalLM"], model_type="qwen2", attention_dropout=0.0,
        num_attention_heads=2, num_key_value_heads=1, rms_norm_eps=1e-06, rope_theta=1000.0,
        max_position_embeddings=128, max_window_layers=2, sliding_window=128, use_sliding_window=False, rope_scaling={
            "factor": 4.0, "original_max_position_embeddings": 32, "type": "yarn", "beta_fast": 4.0,
            "beta_slow": 0.5, "attention_factor": 1.25}),
           bites=[without("rope_scaling"),
                  dict(rope_scaling={"factor": 4.0, "original_max_position_embeddings": 32, "type": "yarn",
                                     "beta_fast": 4.0, "beta_slow": 0.5}),
                  dict(rope_scaling={"factor": 4.0, "original_max_position_embeddings": 32, "type": "yarn",
                                     "attention_factor": 1.25})]),
]

PHI_LONG = dict(max_position_embeddings=64, original_max_position_embeddings=16, rope_scaling={
    "long_factor": [1.05, 1.9, 3.6, 6.8], "short_factor": [1.0, 1.1, 1.3, 1.7], "type": "longrope"})


def phi3(**changes):
    base = dict(architectures=["Phi3ForCausalLM"], model_type="phi3", attention_bias=False, attention_dropout=0.0,
                embd_pdrop=0.0, resid_pdrop=0.0, pad_token_id=0, num_key_value_heads=4, rope_scaling=None,
                max_position_embeddings=64, original_max_position_embeddings=64, sliding_window=None)
    return common(**{**base, **changes})


OTHER_FAMILIES = [
    Family("mistral", common(
        architectures=["MistralForCausalLM"], model_type="mistral", attention_dropout=0.0, sliding_window=8,
        max_position_embeddings=64),
           bites=[dict(sliding_window=7), dict(sliding_window=9), without("sliding_window")]),
    Family("qwen2", common(
        architectures=["Qwen2ForCausalLM"], model_type="qwen2", attention_dropout=0.0, max_window_layers=0,
        rms_norm_eps=1e-06, rope_theta=1000000.0, sliding_window=8, use_sliding_window=False),
           bites=[dict(use_sliding_window=True), dict(rope_theta=10000.0)]),
    Family("qwen2-window", common(
        architectures=["Qwen2ForCausalLM"], model_type="qwen2", attention_dropout=0.0, max_window_layers=1,
        num_hidden_layers=3, rms_norm_eps=1e-06, rope_theta=1000000.0, sliding_window=8, use_sliding_window=True,
        tie_word_embeddings=True),
           bites=[dict(use_sliding_window=False), dict(max_window_layers=0), dict(max_window_layers=2),
                  dict(sliding_window=9)]),
    Family("qwen3", common(
        architectures=["Qwen3ForCausalLM"], model_type="qwen3", attention_bias=False, attention_dropout=0.0,
        head_dim=16, max_window_layers=2, rms_norm_eps=1e-06, rope_scaling=None, rope_theta=1000000.0,
        sliding_window=None, tie_word_embeddings=True, use_sliding_window=False),
           bites=[dict(rope_theta=10000.0)]),
    Family("phi3", phi3(sliding_window=12), bites=[dict(sliding_window=11), dict(sliding_window=13)]),
    Family("phi3-partial", phi3(num_key_value_heads=2, head_dim=16, partial_rotary_factor=0.5,
                                tie_word_embeddings=True),
           bites=[dict(partial_rotary_factor=1.0), dict(partial_rotary_factor=0.75)]),
    Family("phi3-longrope", phi3(**PHI_LONG), lengths=(32, 12),
           bites=[without("rope_scaling"), dict(max_position_embeddings=32),
                  dict(rope_scaling={**PHI_LONG["rope_scaling"], "long_factor": [1.0, 1.1, 1.3, 1.7]})]),
    Family("gemma2", common(
        architectures=["Gemma2ForCausalLM"], model_type="gemma2", attention_bias=False, attention_dropout=0.0,
        attn_logit_softcapping=2.5, cache_implementation="hybrid", final_logit_softcapping=1.5, head_dim=16,
        hidden_act="gelu_pytorch_tanh", hidden_activation="gelu_pytorch_tanh", num_hidden_layers=3, pad_token_id=0,
        bos_token_id=2, eos_token_id=1, query_pre_attn_scalar=24, rms_norm_eps=1e-06, sliding_window=8,
        tie_word_embeddings=True),
           bites=[without("attn_logit_softcapping"), without("final_logit_softcapping"), without("sliding_window"),
                  dict(sliding_window=9), dict(query_pre_attn_scalar=16), dict(hidden_activation="silu")]),
]

GPT2 = {
    "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1, "bos_token_id": 66,
    "embd_pdrop": 0.1, "eos_token_id": 66, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05,
    "model_type": "gpt2", "n_ctx": 48, "n_embd": 24, "n_head": 3, "n_layer": 2, "n_positions": 48,
    "resid_pdrop": 0.1, "summary_activation": None, "summary_first_dropout": 0.1, "summary_proj_to_labels": True,
    "summary_type": "cls_index", "summary_use_proj": True,
    "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}}, "vocab_size": 67,
}
GPT2_FAMILIES = [
    Family("gpt2", GPT2, buffers=True, bites=[dict(layer_norm_epsilon=1e-1), dict(n_head=4)]),
    Family("gpt2-prefixed", GPT2, prefix="transformer.", weights_of="gpt2"),
]

FAMILIES = LLAMA_FAMILIES + OTHER_FAMILIES + GPT2_FAMILIES
