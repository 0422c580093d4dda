"""Writes layers/attention_free.json, selective_scan.json and mamba.json: what stands beside softmax attention.

Usage: python3 make_mixers.py
Plain formulas of Zhai et al. 2021 (AFT) and Gu and Dao 2023 (Mamba), position by position, in float64; autograd gives the gradients.
"""
import torch
import torch.nn.functional as F

from make_layers import Cases

BATCH, SEQ, HIDDEN, DIM, POSITIONS = 2, 7, 5, 4, 9


def aft(x, qkv, output, w, causal):
    """The layer: sigma(q) times the averages, feature by feature. w is [SEQ, SEQ]."""
    q, k, v = (x @ qkv.T).split(DIM, -1)
    rows = []
    for t in range(SEQ):
        end = t + 1 if causal else SEQ
        weights = torch.exp(k[:, :end] + w[t, :end, None])  # [batch, end, dim]
        rows.append(torch.sigmoid(q[:, t]) * (weights * v[:, :end]).sum(1) / weights.sum(1))
    return torch.stack(rows, 1) @ output.T


def spread(band, window):
    """AFT-local's w: 0 outside of the window, whose keys are still seen."""
    w = torch.zeros(SEQ, SEQ, dtype=torch.float64)
    for t in range(SEQ):
        for j in range(SEQ):
            if abs(t - j) < window:
                w = w + F.one_hot(torch.tensor(t * SEQ + j), SEQ * SEQ).reshape(SEQ, SEQ) * band[t, j - t + window - 1]
    return w


def attention_free():
    c = Cases("attention_free")
    for causal in (True, False):
        for kind, window, shapes in (("simple", 0, {}), ("full", 0, {"w": (POSITIONS, POSITIONS)}),
                                     ("factors", 0, {"u": (POSITIONS, 3), "v": (POSITIONS, 3)}),
                                     ("local", 3, {"band": (POSITIONS, 5)}), ("local", 1, {"band": (POSITIONS, 1)}),
                                     ("local", 8, {"band": (POSITIONS, 15)})):
            case = f"{kind}{window or ''}_{'causal' if causal else 'both_ways'}"
            inputs = {"x": c.draw(case, "x", (BATCH, SEQ, HIDDEN)), "qkv": c.draw(case, "qkv", (3 * DIM, HIDDEN), 0.7),
                      "output": c.draw(case, "output", (HIDDEN, DIM), 0.5)}
            inputs.update({name: c.draw(case, name, shape) for name, shape in shapes.items()})

            def compute(x, qkv, output, *bias):
                w = (torch.zeros(SEQ, SEQ).double() if not bias else bias[0][:SEQ, :SEQ] if kind == "full" else
                     (bias[0] @ bias[1].T)[:SEQ, :SEQ] if kind == "factors" else spread(bias[0], window))
                return aft(x, qkv, output, w, causal)

            c.add(case, inputs, compute, {"kind": kind, "window": window or None, "causal": causal})
    c.write()


def scan(x, delta, a, b, c, skip):
    """h = exp(step A) h + step B x and y = C h + D x, with step = softplus(delta)."""
    step, h, rows = F.softplus(delta), torch.zeros(x.shape[0], *a.shape).double(), []
    for t in range(x.shape[1]):
        now = step[:, t, :, None]  # [batch, channels, 1]
        h = torch.exp(now * a) * h + now * b[:, t, None, :] * x[:, t, :, None]
        rows.append((h * c[:, t, None, :]).sum(-1) + skip * x[:, t])
    return torch.stack(rows, 1)


def selective_scan():
    c = Cases("selective_scan")
    for case, batch, seq, channels, states in (("small", 2, 6, 3, 2), ("one_state", 1, 5, 4, 1), ("long", 1, 40, 2, 3)):
        inputs = {name: c.draw(case, name, shape) for name, shape in (
            ("x", (batch, seq, channels)), ("delta", (batch, seq, channels)), ("b", (batch, seq, states)),
            ("c", (batch, seq, states)), ("skip", (channels,)))}
        inputs["a"] = -c.draw(case, "a", (channels, states)).abs()
        c.add(case, inputs, lambda x, delta, b, c, skip, a: scan(x, delta, a, b, c, skip))
    c.write()


def mamba():
    c = Cases("mamba")
    for case, channels, states, width, rank in (("block", 6, 3, 4, 2), ("one_tap", 4, 2, 1, 1)):
        shapes = {"x": (BATCH, SEQ, HIDDEN), "input": (2 * channels, HIDDEN), "convolution": (channels, width), "convolution_bias": (channels,),
                  "selection": (rank + 2 * states, channels), "step": (channels, rank), "step_bias": (channels,),
                  "log_a": (channels, states), "skip": (channels,), "output": (HIDDEN, channels)}
        inputs = {name: c.draw(case, name, shape, 1.0 if name == "x" else 0.6) for name, shape in shapes.items()}

        def compute(x, into, taps, taps_bias, selection, step, step_bias, log_a, skip, output):
            signal, gate = (x @ into.T).split(channels, -1)
            signal = F.conv1d(F.pad(signal.transpose(1, 2), (width - 1, 0)), taps[:, None], taps_bias, groups=channels).transpose(1, 2)
            signal = F.silu(signal)
            low, b, state_out = (signal @ selection.T).split((rank, states, states), -1)
            mixed = scan(signal, low @ step.T + step_bias, -torch.exp(log_a), b, state_out, skip)
            return (mixed * F.silu(gate)) @ output.T

        c.add(case, inputs, compute)
    c.write()


if __name__ == "__main__":
    attention_free()
    selective_scan()
    mamba()
