#!/usr/bin/env python3
"""How well additive and dot-product attention learn to look something up.

A lookup shows 8 keys and a query that belongs to one of them.
  words     32 words, each with a vector as a query and another one as a key, all of normal numbers and fixed
  rotation  new keys of normal numbers each time; the query is its key turned by a fixed rotation, plus noise of
            a quarter of its length
Each kind of attention has matrices W and U [width, width] (and v [width] where it is additive), trained with Adam on the
logarithm of the weight that the right key gets: 1,500 steps of 64 lookups. Prints how often the right key has the largest
weight, and the mean weight it gets, among 10,000 new lookups, each the median of three seeds at the better of two rates.

    /usr/bin/python3 attention_quality.py words 8 32 128      widths; needs PyTorch
"""

import statistics
import sys

import torch

WORDS, KEYS, BATCH, STEPS, SEEDS, RATES = 32, 8, 64, 1500, 3, (0.01, 0.003)


def words(width):
    queries, keys = torch.randn(2, WORDS, width)

    def lookups(n):
        shown = torch.rand(n, WORDS).argsort(1)[:, :KEYS]
        wanted = torch.randint(KEYS, (n,))
        return queries[shown[torch.arange(n), wanted]], keys[shown], wanted

    return lookups


def rotation(width):
    turn = torch.linalg.qr(torch.randn(width, width))[0]

    def lookups(n):
        keys = torch.randn(n, KEYS, width)
        wanted = torch.randint(KEYS, (n,))
        query = keys[torch.arange(n), wanted] @ turn
        return query + 0.25 * torch.randn(n, width), keys, wanted

    return lookups


def scores(kind, p, query, keys):
    q, k = query @ p["W"].T, keys @ p["U"].T
    if kind == "additive":
        return torch.tanh(q[:, None] + k) @ p["v"]
    products = (k @ q[:, :, None])[:, :, 0]
    return products / query.shape[1] ** 0.5 if kind == "scaled dot product" else products


def train(task, kind, width, seed, rate):
    """Share of right answers, and the mean weight of the right key."""
    torch.manual_seed(seed)
    lookups = task(width)
    p = {name: (torch.randn(width, width) / width**0.5).requires_grad_() for name in "WU"}
    p["v"] = (torch.randn(width) / width**0.5).requires_grad_()
    adam = torch.optim.Adam(p.values(), lr=rate)
    for _ in range(STEPS):
        query, keys, wanted = lookups(BATCH)
        loss = torch.nn.functional.cross_entropy(scores(kind, p, query, keys), wanted)
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        query, keys, wanted = lookups(10_000)
        weights = torch.softmax(scores(kind, p, query, keys), 1)
        right = (weights.argmax(1) == wanted).float().mean().item()
        return right, weights.gather(1, wanted[:, None]).mean().item()


def main():
    torch.set_num_threads(1)
    task = {"words": words, "rotation": rotation}[sys.argv[1]]
    print("| width | kind | right, % | weight of the right key |\n| --- | --- | --- | --- |")
    for width in map(int, sys.argv[2:]):
        for kind in ("additive", "scaled dot product", "dot product"):
            best = (0, 0)
            for rate in RATES:
                runs = zip(*(train(task, kind, width, seed, rate) for seed in range(SEEDS)))
                best = max(best, tuple(map(statistics.median, runs)))
            print(f"| {width} | {kind} | {100 * best[0]:.1f} | {best[1]:.3f} |", flush=True)


main()
