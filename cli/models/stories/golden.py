#!/usr/bin/env python3
"""Writes golden.json: what PyTorch computes in float64 from the stored F16 weights, for tests of other implementations.

    python3 golden.py                          writes golden.json
    python3 golden.py --sample "One day" --count 3     prints stories sampled at a temperature
"""

import argparse
import json
import os

import torch

import bpe
import llama

HERE = os.path.dirname(os.path.abspath(__file__))
PROMPTS = ["Once upon a time", "One day, a little girl named Lily", "There once was a dragon who", "In a small village, there lived",
           "Tom the rabbit was sad. \"Where is my red kite?\" he"]
TEXTS = ["", " ", "Hello, world!", "It's 10 o'clock; they've  gone\n\n\tto   bed.", "Caf\u00e9 na\u00efve \u65e5\u672c\u8a9e \U0001F642 \u0627\u0644\u0639"]


def load(folder):
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        model = llama.Llama(json.load(file)).double()
    model.load_state_dict(llama.load_safetensors(os.path.join(folder, "model.safetensors")))
    return model.eval(), bpe.Tokenizer.load(os.path.join(folder, "tokenizer.json"))


def generate(model, tokenizer, ids, limit, temperature=0.0):
    """New ids, up to and with </s>, and the smallest lead of a greedy choice over the second best (in logits)."""
    ids, new, margin = list(ids), [], float("inf")
    with torch.no_grad():
        while len(new) < limit and (not new or new[-1] != tokenizer.eos):
            logits = model(torch.tensor([ids + new]))[0, -1]
            best = logits.topk(2)
            margin = min(margin, (best.values[0] - best.values[1]).item())
            new.append(int(torch.multinomial((logits / temperature).softmax(-1), 1) if temperature else best.indices[0]))
    return new, margin


def golden(model, tokenizer):
    cases = []
    for prompt in PROMPTS:
        ids = [tokenizer.bos, *tokenizer.encode(prompt)]
        with torch.no_grad():
            logits = model(torch.tensor([ids]))[0, -1]
        new, margin = generate(model, tokenizer, ids, 80)
        cases.append({"prompt": prompt, "prompt_ids": ids, "greedy_ids": new, "greedy_text": tokenizer.decode(new),
                      "smallest_margin": round(margin, 6), "last_logits": [float("%.10g" % x) for x in logits]})
    return {
        "source": "PyTorch " + torch.__version__ + ", float64, the F16 weights of model.safetensors",
        "meaning": {"greedy_ids": "80 new ids, or up to and with </s>", "last_logits": "after the last id of the prompt",
                    "smallest_margin": "of the best logit over the second best along greedy_ids"},
        "tokenizer": [{"text": t, "ids": tokenizer.encode(t)} for t in TEXTS], "cases": cases}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=HERE, help="folder of the model")
    parser.add_argument("--sample", metavar="PROMPT", help="print stories instead of writing golden.json")
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--max-tokens", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    model, tokenizer = load(args.model)
    if args.sample is None:
        with open(os.path.join(HERE, "golden.json"), "w", encoding="utf-8") as out:
            json.dump(golden(model, tokenizer), out, separators=(",", ":"))
            out.write("\n")
        return
    for _ in range(args.count):
        ids = [tokenizer.bos, *tokenizer.encode(args.sample)]
        new, _ = generate(model, tokenizer, ids, args.max_tokens, args.temperature)
        print(args.sample + tokenizer.decode(new) + ("" if new[-1] == tokenizer.eos else " [did not end]") + "\n---")


if __name__ == "__main__":
    main()
