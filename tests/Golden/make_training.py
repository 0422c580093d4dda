"""Writes tests/Golden/training: ten AdamW steps of three small models, as PyTorch's autograd and AdamW take them.

Usage: python3 make_training.py
Needs torch and numpy. The forward pass is reference_model.py's; all arithmetic is float64, files hold float32.
"""
import json
import math
import zlib

import numpy as np
import torch

import file_formats as formats
from make_models import Path, gpt2_shapes, llama_shapes, random_tensor, shutil, write_json
from reference_model import forward

TRAINING = Path(__file__).parent / "training"
VOCABULARY, BATCH, SEQ, STEPS = 50, 3, 16, 10
LR, WARMUP, FLOOR = 3e-3, 3, 0.1
BETAS, EPS, DECAY = (0.9, 0.95), 1e-8, 0.1
MAX_NORM = {"llama": 2.3, "llama-tied": 2.3, "gpt2": 1.2}  # near the median norm, so that some steps are clipped
MATRIX_SCALE = 0.25  # of make_models.py's spread
IGNORED = -100

LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "attention_bias": False, "attention_dropout": 0.0,
    "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 32, "initializer_range": 0.02,
    "intermediate_size": 48, "max_position_embeddings": 32, "mlp_bias": False, "num_attention_heads": 4,
    "num_hidden_layers": 2, "num_key_value_heads": 2, "rms_norm_eps": 1e-05, "rope_scaling": None,
    "rope_theta": 10000.0, "tie_word_embeddings": False, "torch_dtype": "float32", "vocab_size": VOCABULARY,
}
GPT2 = {
    "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.0, "bos_token_id": 49,
    "embd_pdrop": 0.0, "eos_token_id": 49, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05,
    "model_type": "gpt2", "n_ctx": 16, "n_embd": 32, "n_head": 4, "n_layer": 2, "n_positions": 16,
    "resid_pdrop": 0.0, "tie_word_embeddings": True, "torch_dtype": "float32", "vocab_size": VOCABULARY,
}
MODELS = {"llama": LLAMA, "llama-tied": {**LLAMA, "tie_word_embeddings": True}, "gpt2": GPT2}


def learning_rate(step):
    """Linear from LR / (WARMUP + 1) to LR at step WARMUP, then a cosine that reaches FLOOR * LR at step STEPS (never taken)."""
    if step < WARMUP:
        return LR * (step + 1) / (WARMUP + 1)
    progress = (step - WARMUP) / (STEPS - WARMUP)
    return LR * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * progress)))


def initial_weights(config, seed):
    shapes = gpt2_shapes(config) if config["model_type"] == "gpt2" else llama_shapes(config)
    return {name: random_tensor(name, shape, seed, gemma=False) * (MATRIX_SCALE if len(shape) > 1 else 1)
            for name, shape in shapes.items()}


def make_batches(seed):
    """Sequences in which the next token often follows from the last; some targets are ignored, one row's start always."""
    draw = np.random.Generator(np.random.PCG64([seed, zlib.crc32(b"batches")]))
    tokens = np.zeros((STEPS, BATCH, SEQ + 1), np.int64)
    tokens[..., 0] = draw.integers(0, VOCABULARY, (STEPS, BATCH))
    for position in range(1, SEQ + 1):
        likely = (tokens[..., position - 1] * 7 + 3) % VOCABULARY
        tokens[..., position] = np.where(draw.random((STEPS, BATCH)) < 0.7, likely,
                                         draw.integers(0, VOCABULARY, (STEPS, BATCH)))
    targets = np.where(draw.random((STEPS, BATCH, SEQ)) < 0.15, IGNORED, tokens[..., 1:])
    targets[:, 1, :5] = IGNORED
    return tokens[..., :-1], targets


def loss_of(config, parameters, tokens, targets, dtype=torch.float64):
    """The mean over all targets of the batch that are not ignored."""
    logits = torch.stack([forward(config, parameters, row, dtype) for row in tokens.tolist()])
    rows, wanted = logits.reshape(-1, VOCABULARY).log_softmax(-1), torch.from_numpy(targets).reshape(-1)
    kept = wanted != IGNORED
    return -rows[kept].gather(1, wanted[kept][:, None]).mean()


def decays(tensor):
    return tensor.ndim >= 2


def adamw(parameters, moments, step, lr):
    """Loshchilov and Hutter 2019, arXiv 1711.05101, decoupled decay scaled by the learning rate; step counts from 1."""
    for name, p in parameters.items():
        m, v = moments[name]
        m.mul_(BETAS[0]).add_((1 - BETAS[0]) * p.grad)
        v.mul_(BETAS[1]).add_((1 - BETAS[1]) * p.grad ** 2)
        corrected_m, corrected_v = m / (1 - BETAS[0] ** step), v / (1 - BETAS[1] ** step)
        if decays(p):
            p.mul_(1 - lr * DECAY)
        p.sub_(lr * corrected_m / (corrected_v.sqrt() + EPS))


def train(config, weights, batches, max_norm, own=False, dtype=torch.float64):
    """With torch.optim.AdamW and torch's clipping, or with the formulas above: both must agree."""
    parameters = {name: tensor.to(dtype).clone().requires_grad_() for name, tensor in weights.items()}
    moments = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in parameters.items()}
    optimizer = torch.optim.AdamW([
        {"params": [p for p in parameters.values() if decays(p)], "weight_decay": DECAY},
        {"params": [p for p in parameters.values() if not decays(p)], "weight_decay": 0.0}], betas=BETAS, eps=EPS)
    losses, norms, factors, first = [], [], [], None
    for step, (tokens, targets) in enumerate(zip(*batches)):
        optimizer.zero_grad()
        loss = loss_of(config, parameters, tokens, targets, dtype)
        loss.backward()
        norm = math.sqrt(sum((p.grad ** 2).sum().item() for p in parameters.values()))
        factor = min(1.0, max_norm / (norm + 1e-6))
        first = first or {name: p.grad.clone() for name, p in parameters.items()}
        losses.append(loss.item()), norms.append(norm), factors.append(factor)
        if own:
            with torch.no_grad():
                for p in parameters.values():
                    p.grad.mul_(factor)
                adamw(parameters, moments, step + 1, learning_rate(step))
        else:
            torch.nn.utils.clip_grad_norm_(parameters.values(), max_norm)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step)
            optimizer.step()
    return losses, norms, factors, first, {name: p.detach() for name, p in parameters.items()}


def check(config, parameters, batches, first):
    """The gradient along a random direction against a difference quotient, for every parameter."""
    for name, gradient in first.items():
        direction = random_tensor(name, gradient.shape, 4711, gemma=False).double()
        ends = [loss_of(config, {**parameters, name: parameters[name].double() + sign * 1e-5 * direction},
                        batches[0][0], batches[1][0]).item() for sign in (1, -1)]
        slope, wanted = (ends[0] - ends[1]) / 2e-5, (gradient * direction).sum().item()
        assert abs(slope - wanted) < 1e-6 * max(1, abs(wanted)), f"{name}: {slope} against {wanted}"


def without_effect(config):
    """Entries whose true gradient is zero, since softmax does not see a shift of all keys: noise that Adam scales up."""
    width = config.get("n_embd")
    return {f"h.{layer}.attn.c_attn.bias": [width, 2 * width] for layer in range(config.get("n_layer", 0))}


def float32_error(config, weights, batches, max_norm, last):
    """How far a float32 run ends from this one, at most, relative to each tensor's largest entry."""
    rough, worst = train(config, weights, batches, max_norm, dtype=torch.float32)[4], 0.0
    for name, tensor in last.items():
        error = (rough[name].double() - tensor).abs()
        if name in without_effect(config):
            error[slice(*without_effect(config)[name])] = 0
        worst = max(worst, (error.max() / tensor.abs().max()).item())
    return worst


def make(name, config):
    seed, max_norm = zlib.crc32(name.encode()) % 10000, MAX_NORM[name]
    weights, batches = initial_weights(config, seed), make_batches(seed)
    losses, norms, factors, first, last = train(config, weights, batches, max_norm)
    again = train(config, weights, batches, max_norm, own=True)
    assert all((last[key] - again[4][key]).abs().max() < 1e-10 for key in last), "two AdamWs disagree"
    check(config, weights, batches, first)
    clipped = sum(factor < 1 for factor in factors)
    assert 0 < clipped < STEPS, f"{clipped} of {STEPS} steps are clipped: {norms}"

    unclipped = train(config, weights, batches, math.inf)[4]
    bite = max((unclipped[key] - last[key]).abs().max().item() for key in last)
    assert bite > 1e-3, f"clipping moves the weights by {bite:.1e} only"
    noise = float32_error(config, weights, batches, max_norm, last)
    assert noise < 2e-5, f"float32 ends {noise:.1e} off"

    folder = TRAINING / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_json(folder / "config.json", config)
    formats.write_safetensors(folder / "model.safetensors", weights, "F32")
    formats.write_safetensors(folder / "gradients.safetensors", first, "F32")
    formats.write_safetensors(folder / "after.safetensors", last, "F32")
    write_json(folder / "training.json", {
        "model": name, "seed": seed, "steps": STEPS, "batch": BATCH, "seq": SEQ, "ignore_index": IGNORED,
        "optimizer": {"betas": list(BETAS), "eps": EPS, "weight_decay": DECAY, "decays": [key for key in last if decays(last[key])]},
        "schedule": {"formula": "step < warmup: lr * (step + 1) / (warmup + 1); else lr * (floor + (1 - floor) * "
                     "(1 + cos(pi * (step - warmup) / (steps - warmup))) / 2)",
                     "lr": LR, "warmup": WARMUP, "floor": FLOOR, "rates": [learning_rate(step) for step in range(STEPS)]},
        "clipping": {"max_norm": max_norm, "factor": "min(1, max_norm / (norm + 1e-6))", "norms": norms, "factors": factors},
        "without_effect": without_effect(config), "losses": losses, "tokens": batches[0].tolist(), "targets": batches[1].tolist(),
    })
    print(f"{name:12} seed {seed:5}, loss {losses[0]:.4f} -> {losses[-1]:.4f}, "
          f"norms {min(norms):.3f} to {max(norms):.3f}, {clipped} steps clipped (moves {bite:.1e}), float32 error {noise:.1e}")


def main():
    torch.set_num_threads(1)
    for name, config in MODELS.items():
        make(name, config)


if __name__ == "__main__":
    main()
