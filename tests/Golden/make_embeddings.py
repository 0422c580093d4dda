"""Writes tests/Golden/embeddings.json: texts as vectors, by models of models/ and of blocks/.

Usage: python3 make_embeddings.py        (after make_models.py)
The final hidden states of each sequence, pooled by their mean, their last and their first token, before and after division by the
length; float64, written as the nearest float32.
"""
import json
import math
from pathlib import Path

import torch

import make_blocks as blocks
from families import FAMILIES
from make_models import MODELS, make_weights
from reference_model import forward

DECODERS = ["llama-gqa", "qwen3", "gemma2"]
LENGTHS = [32, 19]


def vectors(states):
    pooled = {"mean": states.mean(0), "last": states[-1], "first": states[0]}
    return {name: {"plain": rounded(v), "normalized": rounded(v / v.norm())} for name, v in pooled.items()}


def rounded(vector):
    return vector.detach().float().tolist()


def decoder(name):
    """An output layer that changes nothing lets the states through."""
    family = next(family for family in FAMILIES if family.name == name)
    expected = json.loads((MODELS / name / "expected.json").read_text())
    weights = make_weights(family, expected["seed"])
    config = {**json.loads((MODELS / name / "config.json").read_text()), "tie_word_embeddings": False, "final_logit_softcapping": None}
    weights["lm_head.weight"] = torch.eye(config["hidden_size"])
    texts = [tokens[:length] for tokens, length in zip(expected["sequences"], LENGTHS)]
    return [{"tokens": tokens, **vectors(forward(config, weights, tokens))} for tokens in texts]


def encoder(case, pre_norm, activation, scale, positions):
    """The same weights and tokens as in blocks/, each row by itself."""
    model, original = blocks.drawn(case, pre_norm, activation)
    texts = []
    for row, length in zip(original, [blocks.SEQ, blocks.SEQ - 2]):
        tokens = torch.where(torch.arange(length) % 2 == 1, 0, row[:length])
        x = model.embedding(tokens) * scale + (positions[:length] if torch.is_tensor(positions) else positions)
        texts.append({"tokens": tokens.tolist(), **vectors(model.blocks(x[None])[0])})
    return texts


def main():
    torch.set_num_threads(1)
    result = {name: decoder(name) for name in DECODERS}
    result["bidirectional_sinusoidal"] = encoder("bidirectional_sinusoidal", False, "gelu", math.sqrt(blocks.HIDDEN), blocks.sinusoids(True))
    result["bidirectional_no_positions"] = encoder("bidirectional_no_positions", True, "relu", 1.0, 0.0)
    Path(__file__).with_name("embeddings.json").write_text(json.dumps(result, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
