"""Rotary frequencies and their scalings, as published, in float64.

Every function returns (inverse frequencies [rotary_dim / 2], factor on cos and sin).
The formulas are spelled out in README.md.
"""
import math

import torch


def base_frequencies(theta, dim):
    """theta^(-2i/dim), i = 0 .. dim/2 - 1 (Su et al. 2021)."""
    return theta ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)


def rope_section(config):
    """The scaling section under its old or its new name, and the base theta."""
    section = config.get("rope_parameters") or config.get("rope_scaling") or {}
    theta = section.get("rope_theta", config.get("rope_theta", 10000.0))
    return section, theta


def frequencies(config, dim, length):
    """`length` is the number of positions of this forward pass; only dynamic and longrope look at it."""
    section, theta = rope_section(config)
    kind = section.get("rope_type", section.get("type", "default"))
    plain = base_frequencies(theta, dim)
    if kind == "default":
        return plain, 1.0
    if kind == "linear":
        return plain / section["factor"], 1.0
    if kind == "dynamic":
        return dynamic_ntk(theta, dim, length, section["factor"], config["max_position_embeddings"]), 1.0
    if kind == "llama3":
        return llama3(plain, section), 1.0
    if kind == "yarn":
        return yarn(plain, theta, dim, section)
    if kind == "longrope":
        return longrope(plain, length, section, config)
    raise ValueError(f"unknown rope type {kind}")


def dynamic_ntk(theta, dim, length, factor, trained):
    """NTK-aware base that grows with the length once it exceeds the trained one."""
    length = max(length, trained)
    grown = theta * (factor * length / trained - (factor - 1)) ** (dim / (dim - 2))
    return base_frequencies(grown, dim)


def llama3(plain, section):
    """Long waves are slowed by the factor, short ones kept, those between blended (Llama 3.1)."""
    trained, factor = section["original_max_position_embeddings"], section["factor"]
    low, high = section["low_freq_factor"], section["high_freq_factor"]
    scaled = []
    for frequency in plain.tolist():
        wavelength = 2 * math.pi / frequency
        if wavelength < trained / high:
            scaled.append(frequency)
        elif wavelength > trained / low:
            scaled.append(frequency / factor)
        else:
            keep = (trained / wavelength - low) / (high - low)
            scaled.append((1 - keep) * frequency / factor + keep * frequency)
    return torch.tensor(scaled, dtype=torch.float64)


def yarn(plain, theta, dim, section):
    """Interpolates the dimensions that turn less than beta_slow times over the trained length (Peng et al. 2023)."""
    factor, trained = section["factor"], section["original_max_position_embeddings"]

    def dimension_with(rotations):
        return dim * math.log(trained / (rotations * 2 * math.pi)) / (2 * math.log(theta))

    first = max(math.floor(dimension_with(section.get("beta_fast", 32))), 0)
    last = min(math.ceil(dimension_with(section.get("beta_slow", 1))), dim - 1)
    width = last - first if last != first else 0.001
    ramp = ((torch.arange(dim // 2, dtype=torch.float64) - first) / width).clamp(0, 1)
    attention = section.get("attention_factor")
    if attention is None:
        attention = 0.1 * math.log(factor) + 1.0 if factor > 1 else 1.0
    return plain / factor * ramp + plain * (1 - ramp), attention


def longrope(plain, length, section, config):
    """One divisor per frequency: a short list up to the trained length, a long list beyond (Ding et al. 2024)."""
    trained = config.get("original_max_position_embeddings") or section["original_max_position_embeddings"]
    divisors = section["long_factor"] if length > trained else section["short_factor"]
    ratio = config["max_position_embeddings"] / trained
    attention = section.get("attention_factor")
    if attention is None:
        attention = math.sqrt(1 + math.log(ratio) / math.log(trained)) if ratio > 1 else 1.0
    return plain / torch.tensor(divisors, dtype=torch.float64), attention
