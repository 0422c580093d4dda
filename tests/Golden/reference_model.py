"""Decoder-only models of several families in plain torch operations, one sequence at a time.

Reads a Hugging Face config and the tensors under their Hugging Face names. All arithmetic is in the
dtype asked for (float64 for the goldens), starting from the float32 weights. Nothing here is meant to be fast.
"""
import math

import torch

from rope_frequencies import frequencies

MASKED = float("-inf")


def rms_norm(x, weight, eps):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * weight


def layer_norm(x, weight, bias, eps):
    centred = x - x.mean(-1, keepdim=True)
    return centred / torch.sqrt((centred * centred).mean(-1, keepdim=True) + eps) * weight + bias


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def gelu_erf(x):
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def silu(x):
    return x / (1 + torch.exp(-x))


ACTIVATIONS = {"silu": silu, "gelu": gelu_erf, "gelu_new": gelu_tanh, "gelu_pytorch_tanh": gelu_tanh}


def rotate(x, cos, sin, interleaved):
    """x [heads, seq, rotary], cos and sin [seq, rotary / 2]."""
    if interleaved:
        even, odd = x[..., 0::2], x[..., 1::2]
        return torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1).flatten(-2)
    half = x.shape[-1] // 2
    low, high = x[..., :half], x[..., half:]
    return torch.cat((low * cos - high * sin, high * cos + low * sin), -1)


def visible(seq, window):
    """[query, key]: key j is seen by query i iff i - window < j <= i."""
    i, j = torch.arange(seq)[:, None], torch.arange(seq)[None, :]
    seen = j <= i
    return seen if window is None else seen & (j > i - window)


def attend(q, k, v, scale, mask, softcap=None):
    """q [heads, seq, d], k and v [kv heads, seq, d]; query head h reads kv head h // (heads / kv heads)."""
    group = q.shape[0] // k.shape[0]
    k, v = k.repeat_interleave(group, 0), v.repeat_interleave(group, 0)
    scores = q @ k.transpose(1, 2) * scale  # [heads, query, key]
    if softcap is not None:
        scores = softcap * torch.tanh(scores / softcap)
    return scores.masked_fill(~mask, MASKED).softmax(-1) @ v


def window_of(config, layer):
    """The sliding window of one layer, or None where the layer sees everything before it."""
    window = config.get("sliding_window")
    family = config["model_type"]
    if family in ("mistral", "phi3"):
        return window
    if family in ("qwen2", "qwen3"):
        return window if config.get("use_sliding_window") and layer >= config["max_window_layers"] else None
    if family == "gemma2":
        return window if layer % 2 == 0 else None
    return None


def forward(config, weights, tokens, dtype=torch.float64, interleaved=False):
    """Logits [seq, vocabulary] of one sequence of token ids."""
    weights = {name: tensor.to(dtype) for name, tensor in weights.items()}
    if config["model_type"] == "gpt2":
        return forward_gpt2(config, weights, torch.tensor(tokens))
    return forward_llama(config, weights, torch.tensor(tokens), interleaved)


def forward_llama(config, weights, tokens, interleaved):
    gemma = config["model_type"] == "gemma2"
    eps = config["rms_norm_eps"]
    embedding = weights["model.embed_tokens.weight"]
    seq = len(tokens)
    head_dim = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    rotary = int(head_dim * config.get("partial_rotary_factor", 1.0))
    inverse, factor = frequencies(config, rotary, seq)
    angles = torch.arange(seq, dtype=torch.float64)[:, None] * inverse
    cos, sin = (angles.cos() * factor).to(embedding.dtype), (angles.sin() * factor).to(embedding.dtype)

    def norm(x, name):
        weight = weights[name + ".weight"]
        return rms_norm(x, 1 + weight if gemma else weight, eps)

    x = embedding[tokens]  # [seq, hidden]
    if gemma:
        x = x * math.sqrt(config["hidden_size"])
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        attention = self_attention(config, weights, layer, norm(x, at + "input_layernorm"), cos, sin, interleaved)
        if gemma:  # norms around both halves
            x = x + norm(attention, at + "post_attention_layernorm")
            mixed = feed_forward(config, weights, at + "mlp.", norm(x, at + "pre_feedforward_layernorm"))
            x = x + norm(mixed, at + "post_feedforward_layernorm")
        else:
            x = x + attention
            x = x + feed_forward(config, weights, at + "mlp.", norm(x, at + "post_attention_layernorm"))
    output = embedding if config["tie_word_embeddings"] else weights["lm_head.weight"]
    logits = norm(x, "model.norm") @ output.T
    cap = config.get("final_logit_softcapping")
    return cap * torch.tanh(logits / cap) if cap else logits


def linear(weights, name, x):
    y = x @ weights[name + ".weight"].T
    return y + weights[name + ".bias"] if name + ".bias" in weights else y


def self_attention(config, weights, layer, x, cos, sin, interleaved):
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    head_dim = config.get("head_dim") or config["hidden_size"] // heads
    at = f"model.layers.{layer}.self_attn."
    if config["model_type"] == "phi3":  # rows of q, then k, then v
        sizes = [heads * head_dim, kv_heads * head_dim, kv_heads * head_dim]
        q, k, v = linear(weights, at + "qkv_proj", x).split(sizes, -1)
    else:
        q, k, v = (linear(weights, at + name, x) for name in ("q_proj", "k_proj", "v_proj"))
    q, k, v = (t.view(len(x), -1, head_dim).transpose(0, 1) for t in (q, k, v))  # [heads, seq, headDim]
    if config["model_type"] == "qwen3":  # every head is normalized before it is rotated
        q = rms_norm(q, weights[at + "q_norm.weight"], config["rms_norm_eps"])
        k = rms_norm(k, weights[at + "k_norm.weight"], config["rms_norm_eps"])
    rotary = 2 * cos.shape[-1]
    q, k = (torch.cat((rotate(t[..., :rotary], cos, sin, interleaved), t[..., rotary:]), -1) for t in (q, k))
    scale = (config.get("query_pre_attn_scalar") or head_dim) ** -0.5
    mask = visible(len(x), window_of(config, layer))
    mixed = attend(q, k, v, scale, mask, config.get("attn_logit_softcapping"))
    return linear(weights, at + "o_proj", mixed.transpose(0, 1).reshape(len(x), -1))


def feed_forward(config, weights, at, x):
    name = config.get("hidden_activation") or config["hidden_act"]
    if config["model_type"] == "phi3":  # rows of gate, then up
        gate, up = linear(weights, at + "gate_up_proj", x).chunk(2, -1)
    else:
        gate, up = linear(weights, at + "gate_proj", x), linear(weights, at + "up_proj", x)
    return linear(weights, at + "down_proj", ACTIVATIONS[name](gate) * up)


def forward_gpt2(config, weights, tokens):
    """GPT-2's projections are stored [in, out]. Tensor names without the `transformer.` prefix."""
    eps, heads, seq = config["layer_norm_epsilon"], config["n_head"], len(tokens)

    def norm(x, name):
        return layer_norm(x, weights[name + ".weight"], weights[name + ".bias"], eps)

    def conv1d(x, name):
        return x @ weights[name + ".weight"] + weights[name + ".bias"]

    x = weights["wte.weight"][tokens] + weights["wpe.weight"][:seq]
    for layer in range(config["n_layer"]):
        at = f"h.{layer}."
        q, k, v = conv1d(norm(x, at + "ln_1"), at + "attn.c_attn").chunk(3, -1)
        q, k, v = (t.view(seq, heads, -1).transpose(0, 1) for t in (q, k, v))
        mixed = attend(q, k, v, q.shape[-1] ** -0.5, visible(seq, None))
        x = x + conv1d(mixed.transpose(0, 1).reshape(seq, -1), at + "attn.c_proj")
        inner = ACTIVATIONS[config["activation_function"]](conv1d(norm(x, at + "ln_2"), at + "mlp.c_fc"))
        x = x + conv1d(inner, at + "mlp.c_proj")
    return norm(x, "ln_f") @ weights["wte.weight"].T


def greedy(config, weights, tokens, count):
    """`count` greedy tokens, every step a fresh pass over the whole sequence, and the smallest lead of a winner."""
    tokens, lead = list(tokens), math.inf
    for _ in range(count):
        best = forward(config, weights, tokens)[-1].topk(2)
        lead = min(lead, (best.values[0] - best.values[1]).item())
        tokens.append(best.indices[0].item())
    return tokens[-count:], lead
