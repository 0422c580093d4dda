"""Writes beams/beams.json: what beam search finds after the prompts of the golden models.

Usage: python3 make_beams.py        (after make_models.py)
Own code from the papers: Wu et al. 2016 for the length penalty, Vijayakumar et al. 2016 for diverse groups. Texts are lists of tokens, every
step reads them anew, all arithmetic is float64.
"""
import json
import math
import re
from pathlib import Path

import torch

from families import FAMILIES
from make_models import make_weights
from reference_model import forward

HERE = Path(__file__).parent
SMALLEST_GAP = 2e-4  # between what is chosen and what is not: above what float32 makes of it
NO_END = []


def log_softmax(logits, banned, bias):
    logits = logits.clone()
    for token, value in bias.items():
        logits[int(token)] += value
    for token in banned:
        logits[token] = -math.inf
    return torch.log_softmax(logits, -1)


def penalty(length, alpha):
    return ((5 + length) / 6) ** alpha


class Gaps:
    """The closest call of a search."""

    def __init__(self):
        self.smallest = math.inf

    def see(self, ordered):
        for better, worse in zip(ordered, ordered[1:]):
            if math.isfinite(worse):
                self.smallest = min(self.smallest, better - worse)


def step(case, group, taken, predict, gaps):
    """One group's step: open holds (tokens, sum), done (score, tokens, reason)."""
    size, ends = case["beams"] // case["groups"], case["ends"]
    candidates = []
    for place, (tokens, total) in enumerate(group["open"]):
        values = predict(tokens)
        for token in range(len(values)):
            if values[token] == -math.inf:
                continue
            total_here = total + float(values[token])
            candidates.append((-(total_here - case["diversity"] * taken.get(token, 0)), place, token, tokens + [token], total_here))
    candidates.sort()
    wanted = size * (1 + max(1, len(ends)))
    gaps.see([-c[0] for c in candidates[:wanted + 1]])
    still = []
    for rank, (_, _, token, tokens, total) in enumerate(candidates[:wanted]):
        if len(still) == size:
            break
        if token in ends:
            if rank < size:
                group["done"].append((total / penalty(len(tokens), case["alpha"]), tokens, "end"))
                group["done"].sort(key=lambda text: -text[0])
                gaps.see([text[0] for text in group["done"]])
                del group["done"][size:]
        else:
            still.append((tokens, total))
    group["open"] = still
    if case["diversity"] > 0:
        for tokens, _ in still:
            taken[tokens[-1]] = taken.get(tokens[-1], 0) + 1
    full = len(group["done"]) == size
    if full and case["stopping"] == "WhenFull":
        group["open"] = []
    if full and still and case["stopping"] == "WhenSettled":
        length = case["max_tokens"] if case["alpha"] > 0 else len(still[0][0]) + 1
        attainable = max(total for _, total in still) / penalty(length, case["alpha"])
        gaps.smallest = min(gaps.smallest, abs(attainable - group["done"][-1][0]))
        if attainable <= group["done"][-1][0]:
            group["open"] = []


def search(case, predict):
    gaps = Gaps()
    groups = [{"open": [([], 0.0)], "done": []} for _ in range(case["groups"])]
    for length in range(case["max_tokens"]):
        taken = {}
        for group in groups:
            if group["open"]:
                step(case, group, taken, predict, gaps)
    for group in groups:
        size = case["beams"] // case["groups"]
        group["done"] += [(total / penalty(len(tokens), case["alpha"]), tokens, "max") for tokens, total in group["open"]]
        group["done"].sort(key=lambda text: -text[0])
        gaps.see([text[0] for text in group["done"]])
        del group["done"][size:]
    found, texts = [], []
    for score, tokens, reason in sorted((text for group in groups for text in group["done"]), key=lambda text: -text[0]):
        if tokens not in texts and len(found) < case["best"]:
            texts.append(tokens)
            found.append({"tokens": tokens, "score": score, "reason": reason})
    return found, gaps.smallest


def one_line_lists(text):
    return re.sub(r"\[[^][{}\"]*\]", lambda numbers: "[" + " ".join(numbers.group()[1:-1].split()) + "]", text)


CASES = [
    {"family": "llama", "beams": 4, "alpha": 0.6, "max_tokens": 12, "best": 4},
    {"family": "llama", "beams": 4, "alpha": 0.0, "max_tokens": 20, "best": 4, "ends": [11, 27], "stopping": "WhenFull"},
    {"family": "llama", "beams": 5, "alpha": 1.0, "max_tokens": 20, "best": 5, "ends": [52, 18, 5], "stopping": "WhenSettled"},
    {"family": "llama", "beams": 5, "alpha": -0.4, "max_tokens": 16, "best": 3, "ends": [52, 18, 5], "stopping": "WhenSettled"},
    {"family": "llama", "beams": 3, "alpha": 0.8, "max_tokens": 14, "best": 3, "ends": [11], "stopping": "AtBound", "banned": [27, 52], "bias": {"3": 2.5}},
    {"family": "llama", "beams": 6, "alpha": 0.6, "max_tokens": 10, "best": 6, "groups": 3, "diversity": 1.5, "ends": [11]},
    {"family": "llama", "beams": 4, "alpha": 0.0, "max_tokens": 9, "best": 4, "groups": 4, "diversity": 0.7},
    {"family": "gemma2", "beams": 4, "alpha": 0.7, "max_tokens": 10, "best": 4, "ends": [1, 2, 3, 4, 5, 6]},
    {"family": "gpt2", "beams": 8, "alpha": 0.6, "max_tokens": 12, "best": 8, "groups": 2, "diversity": 0.3, "ends": [7, 9], "stopping": "AtBound"},
    {"family": "mistral", "beams": 7, "alpha": 2.0, "max_tokens": 15, "best": 7, "ends": [7, 9, 30], "stopping": "WhenFull"},
]
DEFAULTS = {"ends": NO_END, "stopping": "WhenFull", "groups": 1, "diversity": 0.0, "banned": [], "bias": {}}


def main():
    results = []
    for number, given in enumerate(CASES):
        case = DEFAULTS | given
        family = next(family for family in FAMILIES if family.name == case["family"])
        expected = json.loads((HERE / "models" / case["family"] / "expected.json").read_text())
        config, weights = family.config, make_weights(family, expected["seed"])
        whole, gap = expected["sequences"][0], 0
        # A prompt is cut until no choice is close.
        for length in range(len(whole), 2, -1):
            prompt = whole[:length]

            def predict(tokens):
                return log_softmax(forward(config, weights, prompt + tokens)[-1], case["banned"], case["bias"])

            found, gap = search(case, predict)
            if gap > SMALLEST_GAP:
                break
        else:
            raise SystemExit(f"case {number}: every prompt has close choices")
        results.append(case | {"prompt": prompt, "hypotheses": found, "closest": float(f"{gap:.3g}")})
        print(number, case["family"], len(prompt), f"{gap:.2g}", [len(text["tokens"]) for text in found])
    (HERE / "beams").mkdir(exist_ok=True)
    (HERE / "beams" / "beams.json").write_text(one_line_lists(json.dumps({"cases": results}, indent=1)) + "\n")


if __name__ == "__main__":
    main()
