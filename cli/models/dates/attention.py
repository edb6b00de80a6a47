#!/usr/bin/env python3
"""Writes attention.json, for tests of attention maps: what PyTorch computes in float64 of one date.

The weights of each attention, [layers, heads, queries, keys]; of each stack the embedding of its last token and what
each layer made of it, [layers + 1, d_model].
"""

import json
import os

import torch

import model as dates_model
from model import CONFIG, START, Dates, encode

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE, TARGET = "3 May '09", "2009-05-03"


def watched(module, seen):
    """Makes an attention keep its weights [heads, queries, keys] in `seen`."""
    forward = module.forward

    def with_weights(*args, **kwargs):
        kwargs.update(need_weights=True, average_attn_weights=False)
        out, weights = forward(*args, **kwargs)
        seen.append(weights[0])
        return out, weights

    module.forward = with_weights


def last_token(stack, seen):
    """Makes a stack of layers keep its last token's vectors in `seen`."""
    stack.layers[0].register_forward_pre_hook(lambda module, args: seen.append(args[0][0, -1]))
    for layer in stack.layers:
        layer.register_forward_hook(lambda module, args, out: seen.append(out[0, -1]))


def main():
    model = Dates(CONFIG)
    model.load_state_dict(dates_model.load_safetensors(os.path.join(HERE, "model.safetensors")))
    model.double().eval()
    model.positions = dates_model.sinusoids(256, CONFIG["d_model"])
    seen = {"encoder": [], "decoder": [], "cross": []}
    for layer in model.encoder.layers:
        watched(layer.self_attn, seen["encoder"])
    for layer in model.decoder.layers:
        watched(layer.self_attn, seen["decoder"])
        watched(layer.multihead_attn, seen["cross"])
    states = {"encoder_states": [], "decoder_states": []}
    last_token(model.encoder, states["encoder_states"])
    last_token(model.decoder, states["decoder_states"])
    # With gradients: without, PyTorch takes another way, which does not ask the attentions.
    model(torch.tensor([encode(SOURCE)]), torch.tensor([[START, *encode(TARGET)]]))
    maps = {name: [[[[round(w, 9) for w in row] for row in head] for head in layer.tolist()] for layer in layers]
            for name, layers in seen.items()}
    with open(os.path.join(HERE, "attention.json"), "w", encoding="utf-8") as out:
        json.dump({"computed_by": f"PyTorch {torch.__version__} in float64", "source": SOURCE, "target": TARGET, **maps,
                   **{name: [[round(x, 9) for x in v.tolist()] for v in vectors] for name, vectors in states.items()}}, out)
        out.write("\n")


if __name__ == "__main__":
    main()
