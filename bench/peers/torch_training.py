#!/usr/bin/env python3
"""Training steps of a small Llama-like model in PyTorch: tied embeddings, RMSNorm, rotary pairs, SwiGLU, causal attention, AdamW.
usage: torch_training.py THREADS VOCABULARY [STEPS]; prints the median step in milliseconds and the peak memory in MiB"""
import resource, statistics, sys, time
import torch
import torch.nn.functional as F

threads, vocabulary = int(sys.argv[1]), int(sys.argv[2])
steps = int(sys.argv[3]) if len(sys.argv) > 3 else 5
width, layers, heads, inner, seq, batch = 288, 6, 6, 768, 256, 8
size = width // heads
torch.set_num_threads(threads)
torch.manual_seed(1)

angles = torch.outer(torch.arange(seq).float(), 10000 ** (-torch.arange(0, size, 2).float() / size))
cos, sin = angles.cos(), angles.sin()
causal = torch.full((seq, seq), float("-inf")).triu(1)


def turn(x):
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).reshape(x.shape)


def norm(x, gain):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * gain


def matrix(rows, columns):
    return torch.nn.Parameter(torch.randn(rows, columns) * 0.02)


table = matrix(vocabulary, width)
final = torch.nn.Parameter(torch.ones(width))
blocks = [
    dict(gain1=torch.nn.Parameter(torch.ones(width)), gain2=torch.nn.Parameter(torch.ones(width)), qkv=matrix(3 * width, width),
         out=matrix(width, width), gate_up=matrix(2 * inner, width), down=matrix(width, inner))
    for _ in range(layers)
]


def loss_of(tokens, targets):
    x = F.embedding(tokens, table)
    for block in blocks:
        q, k, v = F.linear(norm(x, block["gain1"]), block["qkv"]).view(batch, seq, 3, heads, size).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(turn(q) @ turn(k).transpose(-1, -2) * size ** -0.5 + causal, -1)
        x = x + F.linear((weights @ v).transpose(1, 2).reshape(batch, seq, width), block["out"])
        gate, up = F.linear(norm(x, block["gain2"]), block["gate_up"]).chunk(2, -1)
        x = x + F.linear(F.silu(gate) * up, block["down"])
    return F.cross_entropy(F.linear(norm(x, final), table).view(-1, vocabulary), targets.view(-1))


parameters = [table, final] + [p for block in blocks for p in block.values()]
optimizer = torch.optim.AdamW(parameters, lr=3e-4, betas=(0.9, 0.95), weight_decay=0.1)
times = []
for step in range(steps + 2):
    tokens, targets = (torch.randint(0, vocabulary, (batch, seq)) for _ in range(2))
    start = time.perf_counter()
    loss = loss_of(tokens, targets)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if step >= 2:
        times.append(time.perf_counter() - start)
print(f"{statistics.median(times) * 1e3:.1f} ms, peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, loss {loss.item():.3f}")
