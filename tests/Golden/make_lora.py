"""Writes tests/Golden/lora: LoRA adapters for the model of models/llama-gqa in PEFT's layout, what the adapted model
computes, and the gradients of its loss.

Usage: python3 make_lora.py        (after make_models.py)
The adapters are float32; all arithmetic is float64, by PyTorch's autograd over reference_model.py.
"""
import json
import shutil
import zlib
from pathlib import Path

import numpy as np
import torch

import file_formats as formats
from families import FAMILIES
from make_models import MODELS, make_weights, write_json
from reference_model import forward

LORA = Path(__file__).parent / "lora"
BASE = "llama-gqa"
RANK, ALPHA = 3, 6
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def draw(name, shape):
    values = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode()))).standard_normal(shape)
    return torch.from_numpy((0.2 * values).astype(np.float32))


def adapted_layers(weights):
    return [name[:-len(".weight")] for name in weights if name.split(".")[-2] in TARGETS]


def make_adapters(weights):
    """A [rank, in] and B [out, rank] for each layer; B is not 0, as after some training."""
    adapters = {}
    for layer in adapted_layers(weights):
        rows, columns = weights[layer + ".weight"].shape
        adapters[layer + ".lora_A.weight"] = draw(layer + ".lora_A", (RANK, columns))
        adapters[layer + ".lora_B.weight"] = draw(layer + ".lora_B", (rows, RANK))
    return adapters


def main():
    torch.set_num_threads(1)
    family = next(family for family in FAMILIES if family.name == BASE)
    base = json.loads((MODELS / BASE / "expected.json").read_text())
    weights = make_weights(family, base["seed"])
    adapters = make_adapters(weights)
    leaves = {name: tensor.double().requires_grad_() for name, tensor in adapters.items()}
    adapted = {name: tensor.double() for name, tensor in weights.items()}
    for layer in adapted_layers(weights):
        change = leaves[layer + ".lora_B.weight"] @ leaves[layer + ".lora_A.weight"]
        adapted[layer + ".weight"] = adapted[layer + ".weight"] + ALPHA / RANK * change

    sequences = base["sequences"]
    logits = torch.cat([forward(family.config, adapted, sequence)[:-1] for sequence in sequences])
    targets = torch.tensor([token for sequence in sequences for token in sequence[1:]])
    loss = torch.nn.functional.cross_entropy(logits, targets)
    loss.backward()

    shutil.rmtree(LORA, ignore_errors=True)
    LORA.mkdir()
    prefix = "base_model.model."
    formats.write_safetensors(LORA / "adapter_model.safetensors", {prefix + n: t for n, t in adapters.items()}, "F32")
    gradients = {prefix + name: leaf.grad.float() for name, leaf in leaves.items()}
    formats.write_safetensors(LORA / "gradients.safetensors", gradients, "F32")
    write_json(LORA / "adapter_config.json", {
        "alpha_pattern": {}, "base_model_name_or_path": f"../models/{BASE}", "bias": "none", "fan_in_fan_out": False,
        "inference_mode": True, "init_lora_weights": True, "layers_pattern": None, "layers_to_transform": None,
        "lora_alpha": ALPHA, "lora_dropout": 0.0, "modules_to_save": None, "peft_type": "LORA", "r": RANK,
        "rank_pattern": {}, "target_modules": TARGETS, "task_type": "CAUSAL_LM", "use_dora": False, "use_rslora": False})
    write_json(LORA / "expected.json", {"base": BASE, "loss": loss.item(), "sequences": sequences})
    (LORA / "logits.f32").write_bytes(logits.detach().float().numpy().astype("<f4").tobytes())
    print(f"lora: {len(adapters)} factors, loss {loss.item():.6f}")


if __name__ == "__main__":
    main()
