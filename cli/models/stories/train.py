#!/usr/bin/env python3
"""Makes the stories model: writes the corpus, learns the tokenizer, trains a Llama from scratch, exports it.

    python3 train.py                    everything; checkpoints go to target/
    python3 train.py --export           writes the files from the newest checkpoint, also while a training runs

Needs PyTorch, numpy and regex (Debian: python3-torch python3-regex, and libopenblas0-pthread, which makes it many
times faster than the reference BLAS). Without an accelerator.
"""

import argparse
import json
import math
import os
import random
import time

import numpy
import torch
from torch.nn import functional

import bpe
import generate_stories
import llama

HERE = os.path.dirname(os.path.abspath(__file__))
HELD_OUT = 1000  # the last stories of the corpus are never trained on


def prepare(args):
    """Corpus and tokenizer, made once per work folder: ids of all stories, one after another, and where each starts."""
    path = os.path.join(args.work, "corpus.npz")
    if os.path.exists(path):
        return bpe.Tokenizer.load(os.path.join(args.work, "tokenizer.json")), numpy.load(path)
    texts = list(generate_stories.stories(args.stories + HELD_OUT, args.seed))
    tokenizer = bpe.train(texts[:20000], llama.CONFIG["vocab_size"])
    if len(tokenizer.vocabulary) != llama.CONFIG["vocab_size"]:
        raise SystemExit(f"the corpus gives only {len(tokenizer.vocabulary)} tokens: set vocab_size to that")
    ids, starts = [], []
    for text in texts:
        story = tokenizer.encode(text)
        if tokenizer.decode(story) != text:
            raise SystemExit("tokenizer: this story does not survive encoding and decoding: " + text)
        starts.append(len(ids))
        ids += [tokenizer.bos, *story, tokenizer.eos]
    tokenizer.save(os.path.join(args.work, "tokenizer.json"))
    starts.append(len(ids))
    lengths = numpy.diff(starts) - 2
    print(f"{len(texts)} stories, {len(ids)} tokens, {lengths.min()} to {lengths.max()} a story, median {int(numpy.median(lengths))}")
    numpy.savez(path, ids=numpy.array(ids, dtype=numpy.int16), starts=numpy.array(starts))
    return tokenizer, numpy.load(path)


class Windows:
    """Windows of the corpus: 3 in 4 begin where a story begins, the others anywhere."""

    def __init__(self, corpus, seed, bos):
        self.ids, starts = corpus["ids"], corpus["starts"]
        self.end = starts[-1 - HELD_OUT]  # of the training part
        self.train, self.held_out = starts[:-1 - HELD_OUT], starts[-1 - HELD_OUT:-1]
        self.bos, share = bos, numpy.bincount(self.ids, minlength=llama.CONFIG["vocab_size"]) / len(self.ids)
        self.rare = (share < 2e-3).tolist()
        self.rng = random.Random(seed)
        self.queue = []

    def batch(self, size, length):
        rows = []
        while len(rows) < size:
            if self.rng.random() < 0.25:
                start = self.rng.randrange(self.end)
            else:  # every story begins a window before one does so again
                if not self.queue:
                    self.queue = list(self.train)
                    self.rng.shuffle(self.queue)
                start = self.queue.pop()
            if start + length + 1 <= self.end:
                rows.append(self.ids[start:start + length + 1])
        return torch.from_numpy(numpy.stack(rows).astype("i8"))

    def repeats(self, rows):
        """[size, length]: is the token to predict a rare one that its story has used already (a name, a thing)?"""
        marks = torch.zeros(rows.shape[0], rows.shape[1] - 1, dtype=torch.bool)
        for r, row in enumerate(rows.tolist()):
            seen = {row[0]}
            for i, token in enumerate(row[1:]):
                if token == self.bos:
                    seen.clear()
                elif self.rare[token]:
                    marks[r, i] = token in seen
                    seen.add(token)
        return marks

    def held_out_batches(self, size, length):
        starts = [s for s in self.held_out if s + length + 1 <= len(self.ids)][:HELD_OUT // 5]
        for i in range(0, len(starts), size):
            yield torch.from_numpy(numpy.stack([self.ids[s:s + length + 1] for s in starts[i:i + size]]).astype("i8"))


def loss_of(model, rows, repeats=None, weight=1.0):
    """(what to minimise, mean loss of a token); tokens in `repeats` count `weight` times in the first."""
    losses = functional.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten(), reduction="none")
    if repeats is None:
        return losses.mean(), losses.mean().item()
    weights = 1 + (weight - 1) * repeats.flatten().float()
    return (losses * weights).sum() / weights.sum(), losses.mean().item()


def held_out_loss(model, windows):
    with torch.no_grad():
        return numpy.mean([loss_of(model, rows)[1] for rows in windows.held_out_batches(20, 256)])


def learning_rate(args, step, progress):
    """Linear warm-up, then a cosine down to a fiftieth; progress runs from 0 to 1."""
    return args.rate * min((step + 1) / args.warmup, 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))


def train(args):
    torch.manual_seed(args.seed)
    torch.set_flush_denormal(True)
    tokenizer, corpus = prepare(args)
    windows = Windows(corpus, args.seed, tokenizer.bos)
    model = llama.Llama(llama.CONFIG)
    print(sum(p.numel() for p in model.parameters()), "parameters")
    decay = [p for p in model.parameters() if p.dim() == 2]
    rest = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}],
                                  betas=(0.9, 0.98), eps=1e-9)
    begun, mean, progress, done = time.time(), None, 0.0, 0
    if args.resume:
        state = torch.load(os.path.join(args.work, "checkpoint.pt"))
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        mean, done = state["train_loss"], state["step"]
        windows.rng.seed(args.seed + done)
    first = done
    while progress < 1:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(args, done - first, progress)
        long = progress > 0.95  # the last steps use the whole context
        rows = windows.batch(args.batch // 2, 2 * args.length) if long else windows.batch(args.batch, args.length)
        loss, plain = loss_of(model, rows, windows.repeats(rows), args.repeat_weight)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        mean = plain if mean is None else 0.98 * mean + 0.02 * plain
        done += 1
        progress = max((done - first) / (args.steps - first), (time.time() - begun) / (60 * args.minutes))
        if done % 50 == 0:
            seconds = time.time() - begun
            print(f"step {done} loss {mean:.4f} {(done - first) * args.batch * args.length / seconds:.0f} tokens/s {seconds:.0f} s", flush=True)
        if done % args.save_every == 0 or progress >= 1:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": done, "train_loss": mean,
                     "held_out_loss": held_out_loss(model, windows), "tokens": done * args.batch * args.length}
            print(f"step {done} held-out loss {state['held_out_loss']:.4f}", flush=True)
            checkpoint = os.path.join(args.work, "checkpoint.pt")
            torch.save(state, checkpoint + ".part")
            os.replace(checkpoint + ".part", checkpoint)


def export(args):
    """Writes model.safetensors (F16), config.json, generation_config.json and tokenizer.json beside this script."""
    state = torch.load(os.path.join(args.work, "checkpoint.pt"))
    tokenizer = bpe.Tokenizer.load(os.path.join(args.work, "tokenizer.json"))
    tokenizer.save(os.path.join(HERE, "tokenizer.json"))
    llama.save_safetensors(os.path.join(HERE, "model.safetensors"), state["model"])
    for name, content in (("config.json", llama.CONFIG), ("generation_config.json", {
            "bos_token_id": tokenizer.bos, "eos_token_id": tokenizer.eos, "do_sample": True, "temperature": 0.8})):
        with open(os.path.join(HERE, name), "w", encoding="utf-8") as out:
            json.dump(content, out, indent=2)
            out.write("\n")
    print({k: v for k, v in state.items() if k not in ("model", "optimizer")})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", default=os.path.join(HERE, "target"), help="folder for the corpus and checkpoints")
    parser.add_argument("--stories", type=int, default=60000)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="end in this time, with fewer steps if need be")
    parser.add_argument("--batch", type=int, default=8, help="windows a step")
    parser.add_argument("--length", type=int, default=256, help="tokens a window")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--warmup", type=int, default=100)
    parser.add_argument("--repeat-weight", type=float, default=5.0,
                        help="how much a rare word counts that its story has used before: to be coherent is to repeat it")
    parser.add_argument("--save-every", type=int, default=250)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint, with a new warm-up and cosine")
    parser.add_argument("--export", action="store_true", help="only write the model's files from the newest checkpoint")
    args = parser.parse_args()
    os.makedirs(args.work, exist_ok=True)
    torch.set_num_threads(args.threads)
    if not args.export:
        train(args)
    export(args)


if __name__ == "__main__":
    main()
