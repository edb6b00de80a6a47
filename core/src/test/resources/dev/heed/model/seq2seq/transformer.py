#!/usr/bin/env python3
"""Small random models of torch.nn.Transformer and what PyTorch computes with them, in float64.

Each folder gets config.json and model.safetensors, under torch.nn.Transformer's names with embeddings
and generator beside them, and golden.json as reference.py writes it.

    /usr/bin/python3 transformer.py      rewrites the transformer-* folders beside it; needs PyTorch
"""

import math

import torch
from torch import nn

from reference import SOURCES, TARGETS, Tensors, rounded, write

WIDTH, SOURCE_WORDS, TARGET_WORDS = 12, 19, 21


def config(**more):
    return {
        "model_type": "transformer",
        "d_model": WIDTH,
        "nhead": 3,
        "num_encoder_layers": 2,
        "num_decoder_layers": 2,
        "dim_feedforward": 20,
        "activation": "relu",
        "norm_first": False,
        "layer_norm_eps": 1e-5,
        "src_vocab_size": SOURCE_WORDS,
        "tgt_vocab_size": TARGET_WORDS,
        **more,
    }


# the defaults of the paper; the variant of OpenNMT with a tied output; as little as there can be
MODELS = {
    "transformer-paper": config(),
    "transformer-opennmt": config(
        norm_first=True,
        activation="gelu",
        scale_embedding=True,
        num_encoder_layers=3,
        positional_encoding={"type": "sinusoidal", "layout": "halves", "first_position": 1},
    ),
    "transformer-bare": config(
        norm_first=True, scale_embedding=False, positional_encoding={"type": "none"}
    ),
}


def positions(c, n):
    encoding = c.get("positional_encoding", {"type": "sinusoidal"})
    x = torch.zeros(n, WIDTH, dtype=torch.float64)
    if encoding["type"] == "none":
        return x
    half = WIDTH // 2
    for t in range(n):
        if encoding.get("layout") == "halves":
            p = t + encoding["first_position"]
            for j in range(half):
                angle = p * math.exp(-j * math.log(10000) / (half - 1))
                x[t, j], x[t, half + j] = math.sin(angle), math.cos(angle)
        else:
            for i in range(half):
                angle = t / 10000 ** (2 * i / WIDTH)
                x[t, 2 * i], x[t, 2 * i + 1] = math.sin(angle), math.cos(angle)
    return x


class Model:
    def __init__(self, name, c, parameters):
        self.config = c
        self.transformer = nn.Transformer(
            WIDTH, c["nhead"], c["num_encoder_layers"], c["num_decoder_layers"], c["dim_feedforward"],
            0.0, c["activation"], batch_first=True, norm_first=c["norm_first"], dtype=torch.float64)
        bare = name == "transformer-bare"
        if bare:
            self.transformer.encoder.norm = self.transformer.decoder.norm = None
        for key, value in self.transformer.named_parameters():
            bias = key.endswith("bias")
            if bare and bias:  # left out of the file
                value.data.zero_()
                continue
            norm = "norm" in key and not bias
            spread, around = (0.2, 1.0) if norm else (0.2 if bias else 0.4, 0.0)
            value.data = parameters(key, *value.shape, scale=spread, around=around)
        spread = 0.1 if bare else 0.4  # without a final norm, states and logits would be large
        self.src = parameters("src_embedding.weight", SOURCE_WORDS, WIDTH, scale=spread)
        self.tgt = parameters("tgt_embedding.weight", TARGET_WORDS, WIDTH, scale=spread)
        self.output, self.bias = self.tgt, 0
        if name == "transformer-paper":
            self.output = parameters("generator.weight", TARGET_WORDS, WIDTH)
            self.bias = parameters("generator.bias", TARGET_WORDS)

    def embed(self, table, ids):
        scale = math.sqrt(WIDTH) if self.config.get("scale_embedding", True) else 1
        return (table[ids] * scale + positions(self.config, len(ids)))[None]

    def run(self, source, target):
        causal = torch.full((len(target), len(target)), -math.inf, dtype=torch.float64).triu(1)
        memory = self.transformer.encoder(self.embed(self.src, source))
        out = self.transformer.decoder(self.embed(self.tgt, target), memory, tgt_mask=causal)
        return memory[0], out[0] @ self.output.T + self.bias


def main():
    for seed, (name, c) in enumerate(MODELS.items()):
        parameters = Tensors(100 + seed)
        model = Model(name, c, parameters)
        cases = []
        for source, target in zip(SOURCES, TARGETS):
            memory, logits = model.run(source, target)
            cases.append({"source": source, "target": target,
                          "memory": rounded(memory), "logits": rounded(logits)})
        write(name, c, parameters, cases)


if __name__ == "__main__":
    with torch.no_grad():
        main()
