"""Writers of the file formats: safetensors, Meta's checkpoint, llama2.c versions 0, 1 and 2."""
import json
import struct

import numpy as np
import torch

STORAGE = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def raw_bytes(tensor):
    tensor = tensor.contiguous()
    if tensor.dtype == torch.bfloat16:  # numpy has no bfloat16; the bits are the same
        tensor = tensor.view(torch.int16)
    return tensor.numpy().tobytes()


def write_safetensors(path, tensors, storage):
    """An 8-byte little-endian header length, a JSON header padded with blanks to 8 bytes, then the data."""
    header, data = {"__metadata__": {"format": "pt"}}, bytearray()
    for name in sorted(tensors):
        content = raw_bytes(tensors[name].to(STORAGE[storage]))
        header[name] = {"dtype": storage, "shape": list(tensors[name].shape),
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return len(data)


def write_sharded_safetensors(folder, tensors, storage, shards):
    """Several files of about equal count, and the index that says which tensor lies where."""
    names, total, places = sorted(tensors), 0, {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = names[shard * len(names) // shards:(shard + 1) * len(names) // shards]
        total += write_safetensors(folder / file, {name: tensors[name] for name in part}, storage)
        places.update({name: file for name in part})
    index = {"metadata": {"total_size": total}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def halves_to_pairs(weight, heads):
    """Reorders the rows of a q or k projection from half-split to interleaved rotary pairs."""
    rows, columns = weight.shape
    return weight.view(heads, 2, rows // heads // 2, columns).transpose(1, 2).reshape(rows, columns)


META_NAMES = {
    "self_attn.q_proj": "attention.wq", "self_attn.k_proj": "attention.wk", "self_attn.v_proj": "attention.wv",
    "self_attn.o_proj": "attention.wo", "mlp.gate_proj": "feed_forward.w1", "mlp.down_proj": "feed_forward.w2",
    "mlp.up_proj": "feed_forward.w3", "input_layernorm": "attention_norm", "post_attention_layernorm": "ffn_norm",
}


def to_meta(config, tensors):
    """Meta's names and interleaved q and k."""
    top = {"model.embed_tokens.weight": "tok_embeddings.weight", "model.norm.weight": "norm.weight",
           "lm_head.weight": "output.weight"}
    meta = {new: tensors[old] for old, new in top.items() if old in tensors}
    for layer in range(config["num_hidden_layers"]):
        for old, new in META_NAMES.items():
            weight = tensors[f"model.layers.{layer}.{old}.weight"]
            if old.endswith("q_proj"):
                weight = halves_to_pairs(weight, config["num_attention_heads"])
            elif old.endswith("k_proj"):
                weight = halves_to_pairs(weight, config["num_key_value_heads"])
            meta[f"layers.{layer}.{new}.weight"] = weight.contiguous()
    return meta


def write_meta(folder, config, tensors, multiple_of):
    """params.json and consolidated.00.pth; the vocabulary size is -1 there, as in Llama 2's own files."""
    params = {"dim": config["hidden_size"], "multiple_of": multiple_of, "n_heads": config["num_attention_heads"],
              "n_layers": config["num_hidden_layers"], "norm_eps": config["rms_norm_eps"], "vocab_size": -1}
    (folder / "params.json").write_text(json.dumps(params) + "\n")
    meta = to_meta(config, tensors)
    half = config["hidden_size"] // config["num_attention_heads"] // 2
    meta["rope.freqs"] = config["rope_theta"] ** (-torch.arange(half, dtype=torch.float32) / half)
    torch.save(meta, folder / "consolidated.00.pth")


def llama2c_order(meta, layers, attention_norms_first):
    """Tensors in the order of version 0, or (norms, matrices) of versions 1 and 2; an unshared head comes last."""
    def all_layers(name):
        return [meta[f"layers.{layer}.{name}.weight"] for layer in range(layers)]

    attention = [t for name in ("wq", "wk", "wv", "wo") for t in all_layers("attention." + name)]
    mixing = [t for name in ("w1", "w2", "w3") for t in all_layers("feed_forward." + name)]
    embedding, norm = [meta["tok_embeddings.weight"]], [meta["norm.weight"]]
    if attention_norms_first:
        norms = all_layers("attention_norm") + all_layers("ffn_norm") + norm
        return norms, embedding + attention + mixing
    return embedding + all_layers("attention_norm") + attention + all_layers("ffn_norm") + mixing + norm


def llama2c_sizes(config, vocabulary):
    return struct.pack("<7i", config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"],
                       config["num_attention_heads"], config["num_key_value_heads"], vocabulary,
                       config["max_position_embeddings"])


def write_llama2c_v0(path, config, tensors):
    """Seven integers (the vocabulary negative for an unshared head), weights, the two rotary tables, the head."""
    meta, shared = to_meta(config, tensors), config["tie_word_embeddings"]
    half = config["hidden_size"] // config["num_attention_heads"] // 2
    angles = (torch.arange(config["max_position_embeddings"], dtype=torch.float64)[:, None]
              * config["rope_theta"] ** (-torch.arange(half, dtype=torch.float64) / half))
    parts = llama2c_order(meta, config["num_hidden_layers"], False) + [angles.cos().float(), angles.sin().float()]
    if not shared:
        parts.append(meta["output.weight"])
    sizes = llama2c_sizes(config, config["vocab_size"] if shared else -config["vocab_size"])
    path.write_bytes(sizes + b"".join(raw_bytes(part) for part in parts))


def write_llama2c_v1(path, config, tensors):
    """Magic "ak42", version, sizes, one byte for a shared head, zeros up to 256, then float32 weights."""
    meta, shared = to_meta(config, tensors), config["tie_word_embeddings"]
    header = struct.pack("<Ii", 0x616B3432, 1) + llama2c_sizes(config, config["vocab_size"]) + bytes([shared])
    norms, rest = llama2c_order(meta, config["num_hidden_layers"], True)
    parts = norms + rest + ([] if shared else [meta["output.weight"]])
    path.write_bytes(header.ljust(256, b"\0") + b"".join(raw_bytes(part) for part in parts))


def quantize_q80(tensor, group):
    """Symmetric int8 per group, ties to even: (ids, scales, what they mean)."""
    rows = tensor.numpy().reshape(-1, group)
    scales = (np.abs(rows).max(1) / np.float32(127)).astype(np.float32)
    quants = np.round(rows / scales[:, None]).astype(np.int8)
    meaning = (quants.astype(np.float32) * scales[:, None]).reshape(tensor.shape)
    return quants, scales, torch.from_numpy(meaning)


def write_llama2c_v2(path, config, tensors, group):
    """As version 1 with the group size after the shared byte; norms float32, every matrix int8 then its scales."""
    meta, shared = to_meta(config, tensors), config["tie_word_embeddings"]
    header = struct.pack("<Ii", 0x616B3432, 2) + llama2c_sizes(config, config["vocab_size"])
    header += bytes([shared]) + struct.pack("<i", group)
    norms, rest = llama2c_order(meta, config["num_hidden_layers"], True)
    data = b"".join(raw_bytes(part) for part in norms)
    for matrix in rest + ([] if shared else [meta["output.weight"]]):
        quants, scales, _ = quantize_q80(matrix, group)
        data += quants.tobytes() + scales.tobytes()
    path.write_bytes(header.ljust(256, b"\0") + data)
