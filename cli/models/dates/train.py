#!/usr/bin/env python3
"""Trains the dates model from random weights and exports it.

    python3 train.py                    trains; checkpoints and the log go to target/
    python3 train.py --resume           goes on from the newest checkpoint
    python3 train.py --export           writes the model's files from the newest checkpoint, also while a training runs
    python3 train.py --evaluate         exact match of the exported files on 10,000 dates never seen

Needs PyTorch and numpy (Debian: python3-torch, and libopenblas0-pthread, which makes it many times faster than the
reference BLAS). Without an accelerator.
"""

import argparse
import json
import math
import os
import random
import time

import torch
from torch.nn import functional

import dates
import model as dates_model
from model import END, PAD, START, Dates, encode, padded

HERE = os.path.dirname(os.path.abspath(__file__))
DECAY = 0.999  # of the running mean of weights


def batches(args, seed):
    """Endless (source, target with <s> and </s>); texts of similar length share a batch."""
    source, rng = dates.pairs("train", seed), random.Random(seed)
    while True:
        pool = [(encode(text), [START, *encode(iso), END]) for text, iso in (next(source) for _ in range(32 * args.batch))]
        pool.sort(key=lambda pair: len(pair[0]) + rng.random())
        starts = list(range(0, len(pool), args.batch))
        rng.shuffle(starts)
        for start in starts:
            part = pool[start:start + args.batch]
            yield padded([p[0] for p in part]), padded([p[1] for p in part])


def loss_of(model, source, target):
    logits = model(source, target[:, :-1])
    return functional.cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten(), ignore_index=PAD)


def learning_rate(args, step, progress):
    """Linear warm-up, then a cosine down to a hundredth; progress runs from 0 to 1."""
    return args.rate * min((step + 1) / args.warmup, 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def rounded(state):
    """Weights as the file stores them."""
    return {name: tensor.to(torch.float16).float() for name, tensor in state.items()}


def misread(state, split, count, seed):
    """(text, expected, read) of the dates that a model with these weights, rounded to F16, misreads."""
    model = Dates(dates_model.CONFIG)
    model.load_state_dict(rounded(state))
    texts, expected = zip(*dates.distinct(split, seed, count))
    read = dates_model.translate(model, texts)
    return [case for case in zip(texts, expected, read) if case[1] != case[2]]


def train(args):
    torch.manual_seed(args.seed)
    torch.set_flush_denormal(True)
    model = Dates(dates_model.CONFIG, args.dropout)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), eps=1e-9, weight_decay=0.01)
    state = {"step": 0, "seconds": 0.0, "mean": {k: v.clone() for k, v in model.state_dict().items()}}
    if args.resume:
        state = torch.load(checkpoint(args))
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    print(sum(p.numel() for p in model.parameters()), "parameters", flush=True)
    begun, running, step, progress = time.time() - state["seconds"], None, state["step"], 0.0
    data = batches(args, args.seed + step)
    while progress < 1:
        progress = min(1.0, max((step + 1) / args.steps, (time.time() - begun) / (60 * args.minutes)))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(args, step, progress)
        model.train()
        loss = loss_of(model, *next(data))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        rate = max(1 - DECAY, 1 / step)
        for name, tensor in model.state_dict().items():
            state["mean"][name].lerp_(tensor, rate)
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        if step % 50 == 0:
            print(f"step {step} loss {running:.5f} {time.time() - begun:.0f} s", flush=True)
        if step % args.save_every == 0 or progress == 1:
            wrong = misread(state["mean"], "validation", 1000, 0)
            print(f"step {step} exact match {100 - len(wrong) / 10:.1f} % of 1,000 validation dates", *wrong[:6], sep="\n  ", flush=True)
            state.update(model=model.state_dict(), optimizer=optimizer.state_dict(), step=step, loss=running,
                         seconds=time.time() - begun)
            torch.save(state, checkpoint(args) + ".part")
            os.replace(checkpoint(args) + ".part", checkpoint(args))


def checkpoint(args):
    return os.path.join(args.work, "checkpoint.pt")


def export(args):
    """Writes model.safetensors (F16, the mean of the weights), config.json and tokenizer.json beside this script."""
    state = torch.load(checkpoint(args))
    dates_model.save_safetensors(os.path.join(HERE, "model.safetensors"), state["mean"])
    for name, content in (("config.json", dates_model.CONFIG), ("tokenizer.json", dates_model.tokenizer_json())):
        with open(os.path.join(HERE, name), "w", encoding="utf-8") as out:
            json.dump(content, out, indent=1, ensure_ascii=False)
            out.write("\n")
    print({k: state[k] for k in ("step", "loss", "seconds")})


def evaluate():
    wrong = misread(dates_model.load_safetensors(os.path.join(HERE, "model.safetensors")), "held-out", 10000, 1)
    for case in wrong:
        print(*case, sep="\t")
    print(f"exact match {100 - len(wrong) / 100:.2f} % of 10,000 dates")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", default=os.path.join(HERE, "target"), help="folder of the checkpoint")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="end in this time, with fewer steps if need be")
    parser.add_argument("--batch", type=int, default=128, help="dates a step")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--warmup", type=int, default=300)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--save-every", type=int, default=250)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--export", action="store_true")
    parser.add_argument("--evaluate", action="store_true")
    args = parser.parse_args()
    os.makedirs(args.work, exist_ok=True)
    torch.set_num_threads(args.threads)
    if args.evaluate:
        evaluate()
        return
    if not args.export:
        train(args)
    export(args)


if __name__ == "__main__":
    main()
