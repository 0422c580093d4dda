"""Writes tests/Golden/blocks/encoder_decoder_*.json: PyTorch's own encoder and decoder layers together, with loss and gradients.

Usage: python3 make_encoder_decoder.py
Weights are float32; everything is computed in float64 and written as the nearest float32.
"""
import json
import math
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from make_blocks import BATCH, BLOCKS, HEADS, HIDDEN, INNER, SEQ, VOCABULARY, sinusoids
from make_layers import as_json

ENCODER_LAYERS, DECODER_LAYERS, TARGET = 3, 2, 5
SELF = {"self_attn.in_proj_": "attention.qkv.", "self_attn.out_proj.": "attention.output.", "linear1.": "feed_forward.up.",
        "linear2.": "feed_forward.down.", "norm1.": "attention_norm."}
ENCODER = SELF | {"encoder.layers.": "encoder.blocks.", "norm2.": "feed_forward_norm."}
DECODER = SELF | {"decoder.layers.": "blocks.", "decoder.norm.": "norm.", "multihead_attn.out_proj.": "cross.output.",
                  "norm2.": "cross_norm.", "norm3.": "feed_forward_norm."}


class Model(nn.Module):
    def __init__(self, pre_norm, activation):
        super().__init__()
        options = dict(dim_feedforward=INNER, dropout=0.0, activation=activation, batch_first=True, norm_first=pre_norm)
        norm = lambda: nn.LayerNorm(HIDDEN) if pre_norm else None
        self.embedding = nn.Embedding(VOCABULARY, HIDDEN)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(HIDDEN, HEADS, **options), ENCODER_LAYERS, norm())
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(HIDDEN, HEADS, **options), DECODER_LAYERS, norm())
        self.output = nn.Linear(HIDDEN, VOCABULARY, bias=False)

    def forward(self, source, padding, target, scale, positions):
        memory = self.encoder(self.embedding(source) * scale + positions[:SEQ], src_key_padding_mask=padding)
        hidden = torch.ones(TARGET, TARGET, dtype=torch.bool).triu(1)
        x = self.embedding(target) * scale + positions[:TARGET]
        return self.output(self.decoder(x, memory, tgt_mask=hidden, memory_key_padding_mask=padding))


def named(values):
    """Heed's names; of cross attention's three matrices in one, the first makes queries."""
    result = {}
    for name, value in values.items():
        for theirs, ours in (ENCODER if name.startswith("encoder.") else DECODER).items():
            name = name.replace(theirs, ours)
        if ".multihead_attn.in_proj_" in name:
            block, kind = name.split(".multihead_attn.in_proj_")
            result[f"{block}.cross.query.{kind}"] = as_json(value[:HIDDEN].contiguous())
            result[f"{block}.cross.key_value.{kind}"] = as_json(value[HIDDEN:].contiguous())
        else:
            result[name] = as_json(value)
    return result


def write(case, pre_norm, activation, scale, positions):
    draw = np.random.Generator(np.random.PCG64(zlib.crc32(case.encode())))
    model = Model(pre_norm, activation).double().train()
    for name, parameter in model.named_parameters():
        gain = "norm" in name and name.endswith("weight")
        values = draw.standard_normal(tuple(parameter.shape)) * 0.3 + (1.0 if gain else 0.0)
        parameter.data = torch.from_numpy(values.astype(np.float32)).double()
    source = torch.from_numpy(draw.integers(0, VOCABULARY, (BATCH, SEQ)))
    target = torch.from_numpy(draw.integers(0, VOCABULARY, (BATCH, TARGET + 1)))
    lengths = [SEQ, SEQ - 3]
    padding = torch.arange(SEQ)[None] >= torch.tensor(lengths)[:, None]
    logits = model(source, padding, target[:, :-1], scale, positions)
    loss = F.cross_entropy(logits.reshape(-1, VOCABULARY), target[:, 1:].reshape(-1))
    loss.backward()
    result = {"source": source.tolist(), "lengths": lengths, "target": target.tolist(), "loss": loss.item(), "logits": as_json(logits),
              "weights": named(dict(model.named_parameters())), "gradients": named({n: p.grad for n, p in model.named_parameters()})}
    (BLOCKS / f"{case}.json").write_text(json.dumps(result, allow_nan=False) + "\n")
    print(f"{case}: loss {loss.item():.4f}")


def main():
    torch.set_num_threads(1)
    write("encoder_decoder_post_norm", False, "relu", math.sqrt(HIDDEN), sinusoids(True))
    write("encoder_decoder_pre_norm", True, "gelu", 1.0, 0.0 * sinusoids(True))


if __name__ == "__main__":
    main()
