#!/usr/bin/env python3
"""Standard causal attention in PyTorch, forward and backward, as a child that answers one line per request.

usage: torch_attention.py THREADS
Reads lines "batch heads dim seq"; answers "forward-seconds backward-seconds peak-MiB" for one pass of each.
"""
import sys
import time

import torch


def problem(batch, heads, dim, seq):
    torch.manual_seed(1)
    leaves = [torch.randn(batch, heads, seq, dim).requires_grad_() for _ in range(3)]
    hidden = torch.ones(seq, seq, dtype=torch.bool).triu(1)
    return leaves, hidden, torch.randn(batch, heads, seq, dim)


def attend(leaves, hidden):
    q, k, v = leaves
    scores = torch.matmul(q, k.transpose(2, 3)) * q.shape[-1] ** -0.5
    return torch.matmul(torch.softmax(scores.masked_fill(hidden, float("-inf")), dim=-1), v)


def peak_mib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))


def main():
    torch.set_num_threads(int(sys.argv[1]))
    shape = None
    for line in sys.stdin:
        asked = tuple(int(word) for word in line.split())
        if asked != shape:
            shape, (leaves, hidden, gradient) = asked, problem(*asked)
        for leaf in leaves:
            leaf.grad = None
        start = time.perf_counter()
        output = attend(leaves, hidden)
        middle = time.perf_counter()
        output.backward(gradient)
        print(middle - start, time.perf_counter() - middle, peak_mib(), flush=True)
        del output


main()
