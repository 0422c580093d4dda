"""Writes tests/Golden/layers/adamw.json: ten steps of PyTorch's own AdamW, in float64 on float32 inputs.

Usage: python3 make_optimizer.py
"""
import torch

from make_layers import Cases, as_json

STEPS, SHAPE = 10, (3, 7)


def adamw():
    c = Cases("adamw")
    settings = [("default", dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)),
                ("strong_decay", dict(lr=0.05, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.5)),
                ("large_epsilon_no_decay", dict(lr=0.02, betas=(0.8, 0.99), eps=0.1, weight_decay=0.0))]
    for case, options in settings:
        start, gradients = c.draw(case, "parameter", SHAPE), c.draw(case, "gradients", (STEPS, *SHAPE), 0.3)
        gradients[:, 0, 0] = 0  # never a slope: nothing but decay may move this one
        parameter = start.clone().requires_grad_()
        optimizer = torch.optim.AdamW([parameter], **options)
        trace = []
        for gradient in gradients:
            parameter.grad = gradient.clone()
            optimizer.step()
            trace.append(parameter.detach().clone())
        beta1, beta2 = options["betas"]
        c.cases.append({
            "name": case,
            "parameters": {"lr": options["lr"], "beta1": beta1, "beta2": beta2, "eps": options["eps"],
                           "weight_decay": options["weight_decay"]},
            "inputs": {"parameter": as_json(start), "gradients": as_json(gradients)},
            "output": as_json(torch.stack(trace)),
        })
    c.write()


if __name__ == "__main__":
    torch.set_num_threads(1)
    adamw()
