"""Writes tests/Golden/blocks: small models of PyTorch's own encoder layers, causal or seeing both ways, with loss and gradients.

Usage: python3 make_blocks.py
Weights are float32; everything is computed in float64 and written as the nearest float32.
"""
import json
import math
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from make_layers import as_json

BLOCKS = Path(__file__).parent / "blocks"
VOCABULARY, HIDDEN, HEADS, LAYERS, INNER, BATCH, SEQ = 11, 15, 3, 2, 20, 2, 7
NAMES = {"self_attn.in_proj_": "attention.qkv.", "self_attn.out_proj.": "attention.output.", "linear1.": "feed_forward.up.",
         "linear2.": "feed_forward.down.", "norm1.": "attention_norm.", "norm2.": "feed_forward_norm."}


def sinusoids(interleaved):
    table = torch.zeros(SEQ, HIDDEN, dtype=torch.float64)
    pairs = torch.arange((HIDDEN + 1) // 2, dtype=torch.float64)
    angles = torch.arange(SEQ, dtype=torch.float64)[:, None] * 10000.0 ** (-2 * pairs / HIDDEN)
    if interleaved:
        table[:, 0::2], table[:, 1::2] = angles.sin(), angles.cos()[:, :HIDDEN // 2]
        return table
    return torch.cat((angles.sin(), angles.cos()[:, :HIDDEN // 2]), -1)


class Model(nn.Module):
    def __init__(self, pre_norm, activation):
        super().__init__()
        layer = nn.TransformerEncoderLayer(HIDDEN, HEADS, INNER, 0.0, activation, batch_first=True, norm_first=pre_norm)
        self.embedding = nn.Embedding(VOCABULARY, HIDDEN)
        self.blocks = nn.TransformerEncoder(layer, LAYERS, nn.LayerNorm(HIDDEN) if pre_norm else None)
        self.output = nn.Linear(HIDDEN, VOCABULARY, bias=False)

    def forward(self, tokens, scale, positions, padding=None):
        x = self.embedding(tokens) * scale + positions
        hidden = torch.ones(SEQ, SEQ, dtype=torch.bool).triu(1) if padding is None else None
        return self.output(self.blocks(x, hidden, src_key_padding_mask=padding))


def own_name(name):
    name = name.replace("blocks.layers.", "blocks.").replace("blocks.norm.", "norm.")
    for theirs, ours in NAMES.items():
        name = name.replace(theirs, ours)
    return name


def drawn(case, pre_norm, activation):
    draw = np.random.Generator(np.random.PCG64(zlib.crc32(case.encode())))
    model = Model(pre_norm, activation).double().train()
    for name, parameter in model.named_parameters():
        gain = "norm" in name and name.endswith("weight")
        values = draw.standard_normal(tuple(parameter.shape)) * 0.3 + (1.0 if gain else 0.0)
        parameter.data = torch.from_numpy(values.astype(np.float32)).double()
    return model, torch.from_numpy(draw.integers(0, VOCABULARY, (BATCH, SEQ)))


def write(case, pre_norm, activation, scale, positions):
    model, tokens = drawn(case, pre_norm, activation)
    logits = model(tokens, scale, positions)
    loss = F.cross_entropy(logits[:, :-1].reshape(-1, VOCABULARY), tokens[:, 1:].reshape(-1))
    save(case, model, tokens, logits, loss)


def write_bidirectional(case, pre_norm, activation, scale, positions):
    """Every second token is to be found again where token 0 stands instead; the second row ends two tokens early."""
    model, original = drawn(case, pre_norm, activation)
    padding = torch.zeros(BATCH, SEQ, dtype=torch.bool)
    padding[1, SEQ - 2:] = True
    chosen = torch.arange(BATCH * SEQ).reshape(BATCH, SEQ) % 2 == 1
    targets = torch.where(chosen & ~padding, original, -100)
    tokens = torch.where(chosen, 0, original)
    logits = model(tokens, scale, positions, padding).masked_fill(padding[..., None], 0.0)
    loss = F.cross_entropy(logits.reshape(-1, VOCABULARY), targets.reshape(-1))
    save(case, model, tokens, logits, loss, targets=targets.tolist(), lengths=(~padding).sum(1).tolist())


def save(case, model, tokens, logits, loss, **more):
    loss.backward()
    result = {"tokens": tokens.tolist(), **more, "loss": loss.item(), "logits": as_json(logits),
              "weights": {own_name(name): as_json(p) for name, p in model.named_parameters()},
              "gradients": {own_name(name): as_json(p.grad) for name, p in model.named_parameters()}}
    (BLOCKS / f"{case}.json").write_text(json.dumps(result, allow_nan=False) + "\n")
    print(f"{case}: loss {loss.item():.4f}")


def main():
    torch.set_num_threads(1)
    BLOCKS.mkdir(exist_ok=True)
    write("post_norm_sinusoidal", False, "relu", math.sqrt(HIDDEN), sinusoids(True))
    write("post_norm_concatenated", False, "gelu", math.sqrt(HIDDEN), sinusoids(False))
    write("pre_norm_no_positions", True, "gelu", 1.0, 0.0)
    write_bidirectional("bidirectional_sinusoidal", False, "gelu", math.sqrt(HIDDEN), sinusoids(True))
    write_bidirectional("bidirectional_no_positions", True, "relu", 1.0, 0.0)


if __name__ == "__main__":
    main()
