"""Writes tests/Golden/layers: inputs, results and gradients of single operations.

Usage: python3 make_layers.py
Inputs are float32; results and gradients are computed in float64 (PyTorch's autograd over the plain formulas here)
and written as the nearest float32.
"""
import json
import math
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from reference_model import gelu_erf, gelu_tanh, layer_norm, rms_norm, rotate, silu

LAYERS = Path(__file__).parent / "layers"
IGNORED = -100


class Cases:
    """Collects the cases of one operation; the streams of random numbers hang on operation and case."""

    def __init__(self, operation):
        self.operation, self.cases = operation, []

    def draw(self, case, name, shape, scale=1.0, shift=0.0):
        seed = zlib.crc32(f"{self.operation}/{case}/{name}".encode())
        values = np.random.Generator(np.random.PCG64(seed)).standard_normal(shape) * scale + shift
        return torch.from_numpy(np.asarray(values, np.float32)).double()

    def add(self, case, inputs, compute, parameters=None, integers=None, builtin=None):
        """`compute` takes the inputs in order; a random upstream gradient gives the gradient of each of them.

        Where PyTorch has the operation built in, both must agree.
        """
        leaves = {name: tensor.clone().requires_grad_() for name, tensor in inputs.items()}
        output = compute(*leaves.values())
        if builtin:
            torch.testing.assert_close(output, builtin(*inputs.values()), rtol=1e-12, atol=1e-12)
        upstream = self.draw(case, "upstream", tuple(output.shape))
        output.backward(upstream)
        self.cases.append({
            "name": case, "parameters": parameters or {},
            "integers": {name: as_json(tensor) for name, tensor in (integers or {}).items()},
            "inputs": {name: as_json(tensor) for name, tensor in inputs.items()},
            "output": as_json(output.detach()), "upstream": as_json(upstream),
            "gradients": {name: as_json(leaf.grad) for name, leaf in leaves.items()},
        })

    def write(self):
        lines = ",\n".join("    " + json.dumps(case, allow_nan=False) for case in self.cases)
        text = f'{{\n  "operation": "{self.operation}",\n  "cases": [\n{lines}\n  ]\n}}\n'
        (LAYERS / f"{self.operation}.json").write_text(text)
        print(f"{self.operation}: {', '.join(case['name'] for case in self.cases)}")


def as_json(tensor):
    if tensor.dtype in (torch.int64, torch.bool):
        values = tensor.long().flatten().tolist()
    else:  # the shortest decimal that reads back as the same float32
        values = [float(str(value)) for value in tensor.detach().numpy().astype(np.float32).flatten()]
    return {"shape": list(tensor.shape), "values": values}


def softmax(scores):
    weights = torch.exp(scores - scores.amax(-1, keepdim=True))
    return weights / weights.sum(-1, keepdim=True)


def norms():
    c = Cases("rms_norm")
    for case, shape, eps, scale in (("plain", (3, 7), 1e-5, 1.0), ("batched", (2, 3, 16), 1e-6, 3.0),
                                    ("small_values", (2, 8), 1e-5, 1e-3)):
        x, weight = c.draw(case, "x", shape, scale), c.draw(case, "weight", shape[-1:], 0.2, 1.0)
        c.add(case, {"x": x, "weight": weight}, lambda x, weight: rms_norm(x, weight, eps), {"eps": eps})
    x, weight = c.draw("unit_offset", "x", (2, 9)), c.draw("unit_offset", "weight", (9,), 0.2)
    c.add("unit_offset", {"x": x, "weight": weight}, lambda x, weight: rms_norm(x, 1 + weight, 1e-6),
          {"eps": 1e-6, "unit_offset": True})
    c.write()

    c = Cases("layer_norm")
    for case, shape, eps, shift in (("plain", (3, 7), 1e-5, 0.0), ("batched_far_from_zero", (2, 3, 16), 1e-5, 20.0)):
        x, weight = c.draw(case, "x", shape, 1.0, shift), c.draw(case, "weight", shape[-1:], 0.2, 1.0)
        bias = c.draw(case, "bias", shape[-1:], 0.2)
        c.add(case, {"x": x, "weight": weight, "bias": bias},
              lambda x, weight, bias: layer_norm(x, weight, bias, eps), {"eps": eps},
              builtin=lambda x, weight, bias: F.layer_norm(x, x.shape[-1:], weight, bias, eps))
    c.write()

    # Training twice and evaluation: what the running statistics become, and what they are used for.
    c = Cases("batch_norm")
    dim, eps, momentum = 5, 1e-5, 0.1
    settings = {"eps": eps, "momentum": momentum}
    for case, shape, shift in (("training", (7, dim), 0.0), ("training_batched", (2, 4, dim), 3.0)):
        inputs = {"x": c.draw(case, "x", shape, 1.5, shift), "weight": c.draw(case, "weight", (dim,), 0.2, 1.0),
                  "bias": c.draw(case, "bias", (dim,), 0.2)}

        def train(x, weight, bias):
            rows = x.reshape(-1, dim)
            mean, variance = rows.mean(0), rows.var(0, unbiased=False)
            return (x - mean) / torch.sqrt(variance + eps) * weight + bias

        c.add(case, inputs, train, settings, builtin=lambda x, weight, bias: F.batch_norm(
            x.reshape(-1, dim), None, None, weight, bias, True, momentum, eps).reshape(x.shape))
        mean, variance = torch.zeros(dim).double(), torch.ones(dim).double()
        for _ in range(2):
            F.batch_norm(inputs["x"].reshape(-1, dim), mean, variance, None, None, True, momentum, eps)
        fixed = dict(inputs, running_mean=mean.float().double(), running_variance=variance.float().double())
        c.add(case.replace("training", "evaluation"), fixed, lambda x, weight, bias, mean, variance:
              (x - mean) / torch.sqrt(variance + eps) * weight + bias, settings, builtin=lambda x, weight, bias, mean, variance:
              F.batch_norm(x.reshape(-1, dim), mean, variance, weight, bias, False, momentum, eps).reshape(x.shape))
    c.write()


def activations():
    c = Cases("softmax")
    for case, shape, scale, shift in (("plain", (3, 7), 1.0, 0.0), ("large", (2, 2, 17), 30.0, 500.0)):
        c.add(case, {"x": c.draw(case, "x", shape, scale, shift)}, softmax,
              builtin=lambda x: F.softmax(x, -1))
    c.write()

    for name, function, builtin in (("silu", silu, F.silu), ("gelu_erf", gelu_erf, F.gelu),
                                    ("gelu_tanh", gelu_tanh, lambda x: F.gelu(x, approximate="tanh"))):
        c = Cases(name)
        c.add("range", {"x": torch.tensor([-12, -6, -3, -1.5, -1, -0.5, -0.1, 0, 0.1, 0.5, 1, 1.5, 3, 6, 12]).double()},
              function, builtin=builtin)
        c.add("random", {"x": c.draw("random", "x", (3, 11), 2.0)}, function, builtin=builtin)
        c.write()

    c = Cases("swish")
    for beta in (0.0, 0.5, 1.0, 1.7, -0.8, 30.0):
        c.add(f"beta_{beta}", {"x": c.draw(f"beta_{beta}", "x", (3, 11), 2.0)}, lambda x: x * torch.sigmoid(beta * x),
              {"beta": beta}, builtin=F.silu if beta == 1 else None)
    c.write()

    c = Cases("gated")
    for case, function, beta, builtin in (("glu", torch.sigmoid, 1.0, lambda gate, up: F.glu(torch.cat((up, gate), -1))),
                                          ("reglu", F.relu, 1.0, None), ("geglu", gelu_erf, 1.0, None),
                                          ("geglu_tanh", gelu_tanh, 1.0, None),
                                          ("swiglu_beta", lambda x: x * torch.sigmoid(1.7 * x), 1.7, None)):
        inputs = {"gate": c.draw(case, "gate", (3, 10), 1.5), "up": c.draw(case, "up", (3, 10))}
        c.add(case, inputs, lambda gate, up: function(gate) * up, {"beta": beta}, builtin=builtin)
    c.write()

    c = Cases("swiglu")
    gate, up = c.draw("product", "gate", (3, 10), 1.5), c.draw("product", "up", (3, 10))
    c.add("product", {"gate": gate, "up": up}, lambda gate, up: silu(gate) * up)
    shapes = {"x": (4, 6), "gate_weight": (10, 6), "up_weight": (10, 6), "down_weight": (6, 10)}
    c.add("feed_forward", {name: c.draw("feed_forward", name, shape, 1.0 if name == "x" else 0.4)
                           for name, shape in shapes.items()},
          lambda x, gate_weight, up_weight, down_weight:
          (silu(x @ gate_weight.T) * (x @ up_weight.T)) @ down_weight.T)
    c.write()


def rope():
    """x [batch, seq, heads, headDim], positions [batch, seq]."""
    c = Cases("rope")
    cases = [("from_zero", [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]], 8, 8, 10000.0),
             ("offset", [[100, 101, 102, 103]], 8, 8, 10000.0),
             ("per_row", [[3, 4, 5], [70, 71, 72]], 6, 6, 500000.0),
             ("far", [[4095, 100000]], 16, 16, 10000.0),
             ("partial", [[7, 8, 9]], 12, 8, 10000.0)]
    for layout in ("interleaved", "half_split"):
        for case, rows, head_dim, rotary, theta in cases:
            positions = torch.tensor(rows)
            inverse = theta ** (-torch.arange(0, rotary, 2, dtype=torch.float64) / rotary)
            angles = positions[:, :, None, None] * inverse  # [batch, seq, 1, rotary / 2]

            def compute(x):
                turned = rotate(x[..., :rotary], angles.cos(), angles.sin(), layout == "interleaved")
                return torch.cat((turned, x[..., rotary:]), -1)

            x = c.draw(case, "x", (*positions.shape, 2, head_dim))
            c.add(f"{layout}_{case}", {"x": x}, compute,
                  {"layout": layout, "theta": theta, "rotary_dim": rotary}, {"positions": positions})
    c.write()


def alibi_slopes(heads):
    """2^(-8h/n) for a power of two; otherwise the lower power's, then every second slope of its double."""
    power = 2 ** math.floor(math.log2(heads))
    slopes = [2.0 ** (-8 * h / power) for h in range(1, power + 1)]
    doubled = [2.0 ** (-4 * h / power) for h in range(1, 2 * power + 1, 2)]
    return slopes + doubled[:heads - power]


def attention():
    """q [batch, heads, query, dK], k [batch, kvHeads, key, dK], v [batch, kvHeads, key, dV]."""
    c = Cases("attention")

    def case(name, heads=2, kv_heads=2, queries=7, keys=7, d_k=8, d_v=8, batch=1, causal=True, window=None,
             softcap=None, padding=None, alibi=False, scale=None):
        i = torch.arange(queries)[:, None] + keys - queries  # the queries are the last positions
        j = torch.arange(keys)[None, :]
        seen = (j <= i) if causal else torch.ones(queries, keys, dtype=torch.bool)
        if window:
            seen = seen & (j > i - window)
        seen = seen.expand(batch, 1, queries, keys)
        integers = {}
        if padding is not None:  # 1 = a real key
            integers["key_padding"] = torch.tensor(padding)
            seen = seen & torch.tensor(padding).bool()[:, None, None, :]
        factor = d_k ** -0.5 if scale is None else scale
        slopes = torch.tensor(alibi_slopes(heads), dtype=torch.float64)

        def compute(q, k, v):
            k, v = (t.repeat_interleave(heads // kv_heads, 1) for t in (k, v))
            scores = q @ k.transpose(-1, -2) * factor
            if softcap:
                scores = softcap * torch.tanh(scores / softcap)
            if alibi:
                scores = scores - slopes[:, None, None] * (i - j)
            scores = scores.masked_fill(~seen, -math.inf)
            weights = torch.exp(scores - scores.detach().amax(-1, keepdim=True).clamp(min=-1e30))
            total = weights.sum(-1, keepdim=True)
            return weights / torch.where(total > 0, total, torch.ones_like(total)) @ v  # nothing seen: zero

        inputs = {"q": c.draw(name, "q", (batch, heads, queries, d_k), 1.5),
                  "k": c.draw(name, "k", (batch, kv_heads, keys, d_k), 1.5),
                  "v": c.draw(name, "v", (batch, kv_heads, keys, d_v))}
        c.add(name, inputs, compute, {"causal": causal, "window": window, "softcap": softcap, "scale": factor,
                                      "alibi_slopes": alibi_slopes(heads) if alibi else None}, integers)

    case("causal")
    case("bidirectional", causal=False)
    case("grouped_queries", heads=4, kv_heads=2, batch=2)
    case("multi_query", heads=4, kv_heads=1)
    case("cached_prefix", queries=2, keys=9)
    case("cross", causal=False, queries=3, keys=8)
    case("window", queries=9, keys=9, window=3)
    case("window_of_one", window=1)
    case("softcap", softcap=1.5)
    case("value_dim_differs", d_v=5)
    case("grouped_window_softcap_value_dim", heads=4, kv_heads=2, queries=9, keys=9, window=4, softcap=2.0, d_v=6)
    case("scale", scale=0.2)
    case("alibi", heads=6, kv_heads=6, queries=5, keys=5, d_k=4, d_v=4, alibi=True)
    case("left_padding", batch=2, padding=[[0, 0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1]])
    c.write()


def cross_attention():
    """x [batch, seq, hidden] over memory [batch, keys, other]: torch.nn.functional.multi_head_attention_forward with kdim = vdim."""
    c = Cases("cross_attention")

    def case(name, lengths=None, batch=2, seq=3, keys=5, hidden=8, other=6, heads=2):
        inputs = {"x": c.draw(name, "x", (batch, seq, hidden)), "memory": c.draw(name, "memory", (batch, keys, other))}
        shapes = {"query": (hidden, hidden), "key": (hidden, other), "value": (hidden, other), "output": (hidden, hidden)}
        for layer, shape in shapes.items():
            inputs[f"{layer}_weight"] = c.draw(name, f"{layer}_weight", shape, 0.5)
            inputs[f"{layer}_bias"] = c.draw(name, f"{layer}_bias", shape[:1])
        padding = None if lengths is None else torch.arange(keys)[None, :] >= torch.tensor(lengths)[:, None]

        def compute(x, memory, wq, bq, wk, bk, wv, bv, wo, bo):
            layer = nn.MultiheadAttention(hidden, heads, kdim=other, vdim=other, batch_first=True).double()
            result, _ = F.multi_head_attention_forward(
                x.transpose(0, 1), memory.transpose(0, 1), memory.transpose(0, 1), hidden, heads, None, torch.cat((bq, bk, bv)), None, None,
                False, 0.0, wo, bo, key_padding_mask=padding, use_separate_proj_weight=True, q_proj_weight=wq, k_proj_weight=wk, v_proj_weight=wv)
            with torch.no_grad():
                for own, given in ((layer.q_proj_weight, wq), (layer.k_proj_weight, wk), (layer.v_proj_weight, wv),
                                   (layer.in_proj_bias, torch.cat((bq, bk, bv))), (layer.out_proj.weight, wo), (layer.out_proj.bias, bo)):
                    own.copy_(given)
                torch.testing.assert_close(result.transpose(0, 1), layer.train()(x, memory, memory, padding)[0], rtol=1e-12, atol=1e-12)
            return result.transpose(0, 1)

        c.add(name, inputs, compute, {"heads": heads}, {} if lengths is None else {"lengths": torch.tensor(lengths)})

    case("whole_memory")
    case("padded_memory", lengths=[5, 2])
    c.write()


def embedding_linear_loss():
    c = Cases("embedding")
    tokens = torch.tensor([[3, 0, 10, 3], [7, 3, 1, 0]])
    c.add("repeated_tokens", {"weight": c.draw("repeated_tokens", "weight", (11, 5))},
          lambda weight: weight[tokens], integers={"tokens": tokens})
    c.write()

    c = Cases("linear")
    for case, shape, rows, biased in (("bias", (3, 7), 5, True), ("no_bias", (2, 3, 16), 9, False)):
        inputs = {"x": c.draw(case, "x", shape), "weight": c.draw(case, "weight", (rows, shape[-1]), 0.4)}
        if biased:
            inputs["bias"] = c.draw(case, "bias", (rows,))
        c.add(case, inputs, lambda x, weight, bias=0.0: x @ weight.T + bias)
    c.write()

    c = Cases("cross_entropy")
    targets = torch.tensor([3, IGNORED, 0, 10, IGNORED, 3])
    kept = targets != IGNORED

    def losses(logits):
        shifted = logits - logits.amax(-1, keepdim=True)
        log_probabilities = shifted - torch.log(torch.exp(shifted).sum(-1, keepdim=True))
        chosen = log_probabilities.gather(-1, torch.where(kept, targets, torch.zeros_like(targets))[:, None])[:, 0]
        return torch.where(kept, -chosen, torch.zeros_like(chosen))

    for case, reduce in (("mean", lambda x: losses(x).sum() / kept.sum()), ("sum", lambda x: losses(x).sum()),
                         ("none", losses)):
        c.add(case, {"logits": c.draw("all", "logits", (6, 11), 3.0)}, lambda logits: reduce(logits),
              {"reduction": case, "ignore_index": IGNORED}, {"targets": targets},
              lambda logits: F.cross_entropy(logits, targets, ignore_index=IGNORED, reduction=case))
    c.write()


def einsum():
    c = Cases("einsum")
    equations = [
        ("matrix_product", "ij,jk->ik", (3, 4), (4, 5)), ("implicit_output", "ij,jk", (3, 4), (4, 2)),
        ("transpose", "ijk->kij", (2, 3, 4)), ("sums_repeated", "ij,ij->", (3, 4), (3, 4)),
        ("row_sums", "ij->i", (3, 5)), ("diagonal", "ii->i", (4, 4)), ("trace", "bii->b", (2, 3, 3)),
        ("outer", "i,j->ij", (3,), (4,)), ("batched_heads", "bqhd,bkhd->bhqk", (2, 3, 2, 4), (2, 5, 2, 4)),
        ("grouped_heads", "bqgrd,bkgd->bgrqk", (1, 3, 2, 2, 4), (1, 4, 2, 4)),
        ("ellipsis", "...ij,...jk->...ik", (2, 3, 4), (2, 4, 5)),
        ("ellipsis_broadcast", "...i,ji->...j", (2, 3, 4), (5, 4)),
        ("ellipsis_unequal_rank", "...ij,...jk->...ik", (2, 1, 3, 4), (3, 4, 2)),
        ("three_operands", "ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
        ("three_shared", "bi,bj,ijk->bk", (3, 2), (3, 4), (2, 4, 5)),
    ]
    for case, equation, *shapes in equations:
        inputs = {name: c.draw(case, name, shape) for name, shape in zip("abc", shapes)}
        c.add(case, inputs, lambda *operands: torch.einsum(equation, *operands), {"equation": equation})
    c.write()


def main():
    torch.set_num_threads(1)
    LAYERS.mkdir(exist_ok=True)
    for make in (norms, activations, rope, attention, cross_attention, embedding_linear_loss, einsum):
        make()


if __name__ == "__main__":
    main()
