"""Writes tests/Golden/models: small random models of each family with the logits that PyTorch computes for them.

Usage: python3 make_models.py [family ...]        (no argument: all)
Needs torch and numpy. The same machine writes the same bytes every time.
"""
import itertools
import json
import re
import shutil
import sys
import zlib
from pathlib import Path

import numpy as np
import torch

import file_formats as formats
from families import FAMILIES
from reference_model import forward, greedy

MODELS = Path(__file__).parent / "models"
GREEDY_TOKENS = 16
SMALLEST_LEAD = 0.01  # of a greedy winner over the second: far above float32 noise
SMALLEST_BITE = 0.02  # how much a wrongly read configuration must move some logit


def random_tensor(name, shape, seed, gemma):
    """Each tensor has its own random stream, so that adding one leaves the others alone."""
    values = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())])).standard_normal(shape)
    if re.search(r"(norm|ln_1|ln_2|ln_f)\.weight$", name):
        values = values * 0.2 + (0.0 if gemma else 1.0)
    elif name.endswith("bias"):
        values = values * 0.2
    elif "embed" in name or "lm_head" in name or name in ("wte.weight", "wpe.weight"):
        values = values * (0.12 if gemma else 0.3)  # Gemma scales its embeddings up
    else:
        values = values * 0.2
    return torch.from_numpy(values.astype(np.float32))


def llama_shapes(c):
    hidden, inner = c["hidden_size"], c["intermediate_size"]
    head_dim = c.get("head_dim") or hidden // c["num_attention_heads"]
    q, kv = c["num_attention_heads"] * head_dim, c["num_key_value_heads"] * head_dim
    family = c["model_type"]
    shapes = {"model.embed_tokens.weight": (c["vocab_size"], hidden), "model.norm.weight": (hidden,)}
    if not c["tie_word_embeddings"]:
        shapes["lm_head.weight"] = (c["vocab_size"], hidden)
    for layer in range(c["num_hidden_layers"]):
        matrices = {"self_attn.o_proj": (hidden, q), "mlp.down_proj": (hidden, inner)}
        if family == "phi3":
            matrices["self_attn.qkv_proj"] = (q + 2 * kv, hidden)
            matrices["mlp.gate_up_proj"] = (2 * inner, hidden)
        else:
            matrices.update({"self_attn.q_proj": (q, hidden), "self_attn.k_proj": (kv, hidden),
                             "self_attn.v_proj": (kv, hidden), "mlp.gate_proj": (inner, hidden),
                             "mlp.up_proj": (inner, hidden)})
        for name, shape in matrices.items():
            shapes[f"model.layers.{layer}.{name}.weight"] = shape
            biased = (c.get("attention_bias") if "self_attn" in name else c.get("mlp_bias")) or (
                family == "qwen2" and name in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"))
            if biased:
                shapes[f"model.layers.{layer}.{name}.bias"] = shape[:1]
        norms = ["input_layernorm", "post_attention_layernorm"]
        if family == "gemma2":
            norms += ["pre_feedforward_layernorm", "post_feedforward_layernorm"]
        shapes.update({f"model.layers.{layer}.{name}.weight": (hidden,) for name in norms})
        if family == "qwen3":
            for name in ("q_norm", "k_norm"):
                shapes[f"model.layers.{layer}.self_attn.{name}.weight"] = (head_dim,)
    return shapes


def gpt2_shapes(c):
    width = c["n_embd"]
    shapes = {"wte.weight": (c["vocab_size"], width), "wpe.weight": (c["n_positions"], width),
              "ln_f.weight": (width,), "ln_f.bias": (width,)}
    for layer in range(c["n_layer"]):
        parts = {"ln_1": (width,), "ln_2": (width,), "attn.c_attn": (width, 3 * width), "attn.c_proj": (width, width),
                 "mlp.c_fc": (width, 4 * width), "mlp.c_proj": (4 * width, width)}
        for name, shape in parts.items():
            shapes[f"h.{layer}.{name}.weight"] = shape
            shapes[f"h.{layer}.{name}.bias"] = shape[-1:]
    return shapes


def make_weights(family, seed):
    """What the file will mean: rounded to its storage type, as float32."""
    config = family.config
    shapes = gpt2_shapes(config) if config["model_type"] == "gpt2" else llama_shapes(config)
    storage = formats.STORAGE[family.storage]
    gemma = config["model_type"] == "gemma2"
    return {name: random_tensor(name, shape, seed, gemma).to(storage).float() for name, shape in shapes.items()}


def make_tokens(family, seed):
    draw = np.random.Generator(np.random.PCG64([seed, zlib.crc32(b"tokens")]))
    return [draw.integers(0, family.config["vocab_size"], length).tolist() for length in family.lengths]


def find_seed(family):
    """The first seed whose greedy tokens win clearly and are not all alike."""
    first = zlib.crc32((family.weights_of or family.name).encode()) % 10000 * 100
    for seed in itertools.count(first):
        weights, sequences = make_weights(family, seed), make_tokens(family, seed)
        tokens, lead = greedy(family.config, weights, sequences[0], GREEDY_TOKENS)
        if lead > SMALLEST_LEAD and len(set(tokens)) >= 6:
            return seed, weights, sequences, tokens, lead


def check_bites(family, weights, sequences, logits):
    misread = [(change, {**family.config, **change}, False) for change in family.bites]
    if family.config["model_type"] != "gpt2":
        misread.append(("reading the rotary layout as interleaved", family.config, True))
    for change, config, interleaved in misread:
        moved = forward(config, weights, sequences[0], interleaved=interleaved)
        size = (moved - logits[0]).abs().max().item()
        if size < SMALLEST_BITE:
            raise SystemExit(f"{family.name}: {change} moves the logits by {size:.2g} only")


def buffers(config):
    """Tensors in real files that are no weights: Llama 2's rotary frequencies, GPT-2's causal masks."""
    if config["model_type"] == "gpt2":
        size = config["n_ctx"]
        mask = torch.ones(size, size).tril().view(1, 1, size, size)
        return {f"h.{layer}.attn.bias": mask for layer in range(config["n_layer"])}
    half = config["hidden_size"] // config["num_attention_heads"] // 2
    inverse = (config["rope_theta"] ** (-torch.arange(half, dtype=torch.float64) / half)).float()
    return {f"model.layers.{layer}.self_attn.rotary_emb.inv_freq": inverse
            for layer in range(config["num_hidden_layers"])}


def write_json(path, content):
    """Indented, with each list of numbers on one line."""
    text = json.dumps(content, indent=2, sort_keys=path.name == "config.json")
    text = re.sub(r"\[[^][{}\"]*\]", lambda numbers: "[" + " ".join(numbers.group()[1:-1].split()) + "]", text)
    path.write_text(text + "\n")


def write_expected(folder, expected, logits):
    write_json(folder / "expected.json", expected)
    (folder / "logits.f32").write_bytes(torch.cat(logits).float().numpy().astype("<f4").tobytes())


def fresh(name):
    folder = MODELS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def make(family):
    seed, weights, sequences, tokens, lead = find_seed(family)
    config = family.config
    logits = [forward(config, weights, sequence) for sequence in sequences]
    check_bites(family, weights, sequences, logits)
    float32 = [forward(config, weights, sequence, torch.float32) for sequence in sequences]
    noise = max((a - b).abs().max().item() for a, b in zip(logits, float32))

    expected = {
        "family": family.name, "seed": seed, "vocab_size": config["vocab_size"], "sequences": sequences,
        "logits": {"file": "logits.f32", "shapes": [list(part.shape) for part in logits]},
        "greedy": {"prompt": 0, "tokens": tokens, "smallest_lead": float(f"{lead:.3g}")},
    }
    folder = fresh(family.name)
    write_json(folder / "config.json", config)
    write_expected(folder, expected, logits)
    stored = {**weights, **(buffers(config) if family.buffers else {})}
    stored = {family.prefix + name: tensor for name, tensor in stored.items()}
    if family.shards > 1:
        formats.write_sharded_safetensors(folder, stored, family.storage, family.shards)
    else:
        formats.write_safetensors(folder / "model.safetensors", stored, family.storage)
    spread = torch.cat(logits).std().item()
    print(f"{family.name:20} seed {seed:6}, logits std {spread:.2f}, float32 error {noise:.1e}, lead {lead:.3f}")

    if family.name == "llama":
        make_meta(config, weights, expected, logits)
        make_llama2c("llama2c-untied", config, weights, expected, logits)
    if family.name == "smollm":
        make_llama2c("llama2c", config, weights, expected, logits)


def from_meta(config, meta):
    """Hugging Face names, still interleaved: the other way to the same logits."""
    names = {"model.embed_tokens.weight": "tok_embeddings.weight", "model.norm.weight": "norm.weight",
             "lm_head.weight": "output.weight"}
    for layer in range(config["num_hidden_layers"]):
        names.update({f"model.layers.{layer}.{old}.weight": f"layers.{layer}.{new}.weight"
                      for old, new in formats.META_NAMES.items()})
    return {old: meta[new] for old, new in names.items() if new in meta}


def check_interleaved(config, weights, sequences, logits):
    meta = from_meta(config, formats.to_meta(config, weights))
    for sequence, wanted in zip(sequences, logits):
        got = forward(config, meta, sequence, interleaved=True)
        assert (got - wanted).abs().max() < 1e-12, "interleaved and half-split layouts disagree"


def make_meta(config, weights, expected, logits):
    check_interleaved(config, weights, expected["sequences"], logits)
    folder = fresh("meta-llama")
    formats.write_meta(folder, config, weights, multiple_of=32)
    write_expected(folder, {**expected, "family": "meta-llama"}, logits)


def make_llama2c(name, config, weights, expected, logits):
    check_interleaved(config, weights, expected["sequences"], logits)
    folder = fresh(name)
    config = {**config, "max_position_embeddings": 64}
    formats.write_llama2c_v0(folder / "model_v0.bin", config, weights)
    write_expected(folder, {**expected, "family": name}, logits)
    if not config["tie_word_embeddings"]:
        return
    formats.write_llama2c_v1(folder / "model_v1.bin", config, weights)
    formats.write_llama2c_v2(folder / "model_q80_v2.bin", config, weights, group=32)
    meaning = {tensor_name: tensor if "norm" in tensor_name else formats.quantize_q80(tensor, 32)[2]
               for tensor_name, tensor in weights.items()}
    quantized = torch.cat([forward(config, meaning, sequence) for sequence in expected["sequences"]])
    (folder / "logits_q80_v2.f32").write_bytes(quantized.float().numpy().astype("<f4").tobytes())


def main():
    torch.set_num_threads(1)
    chosen = set(sys.argv[1:])
    unknown = chosen - {family.name for family in FAMILIES}
    if unknown:
        raise SystemExit(f"no such family: {', '.join(sorted(unknown))}")
    for family in FAMILIES:
        if not chosen or family.name in chosen:
            make(family)


if __name__ == "__main__":
    main()
