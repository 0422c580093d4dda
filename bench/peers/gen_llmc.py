#!/usr/bin/env python3
"""Random weights and tokens in the files that llm.c's train_gpt2 reads: gpt2_124M.bin and dev/data/tinyshakespeare.
usage: gen_llmc.py FOLDER (needs numpy and 500 MB)"""
import os, sys
import numpy as np

folder = sys.argv[1]
max_t, vocab, padded, layers, heads, width = 1024, 50257, 50304, 12, 12, 768
rng = np.random.default_rng(1)
header = np.zeros(256, np.int32)
header[:8] = [20240326, 3, max_t, vocab, layers, heads, width, padded]
normal = lambda *shape: (rng.standard_normal(shape, np.float32) * 0.02)
ones, zeros = (lambda *shape: np.ones(shape, np.float32)), (lambda *shape: np.zeros(shape, np.float32))
os.makedirs(folder, exist_ok=True)
with open(os.path.join(folder, "gpt2_124M.bin"), "wb") as f:
    f.write(header.tobytes())
    for make, shape in [
        (normal, (padded, width)), (normal, (max_t, width)), (ones, (layers, width)), (zeros, (layers, width)),
        (normal, (layers, 3 * width, width)), (zeros, (layers, 3 * width)), (normal, (layers, width, width)), (zeros, (layers, width)),
        (ones, (layers, width)), (zeros, (layers, width)), (normal, (layers, 4 * width, width)), (zeros, (layers, 4 * width)),
        (normal, (layers, width, 4 * width)), (zeros, (layers, width)), (ones, (width,)), (zeros, (width,)),
    ]:
        f.write(make(*shape).tobytes())
data = os.path.join(folder, "dev", "data", "tinyshakespeare")
os.makedirs(data, exist_ok=True)
for name, count in [("train", 200_000), ("val", 40_000)]:
    head = np.zeros(256, np.int32)
    head[:3] = [20240520, 1, count]
    with open(os.path.join(data, f"tiny_shakespeare_{name}.bin"), "wb") as f:
        f.write(head.tobytes())
        f.write(rng.integers(0, vocab, count, dtype=np.uint16).tobytes())
