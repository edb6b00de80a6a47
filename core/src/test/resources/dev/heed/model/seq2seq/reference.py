#!/usr/bin/env python3
"""Small random encoder-decoders and what they compute, written as plain matrix products.

The formulas are the papers' with the particulars of Hugging Face's Marian, mBART, BART and T5. Each
folder gets config.json and model.safetensors, under Hugging Face's names, and golden.json: encoder
states and logits in float64 for two sources and their targets, each computed alone.

    /usr/bin/python3 reference.py        rewrites the folders beside it; needs PyTorch
"""

import json
import math
import pathlib
import struct

import torch

HERE = pathlib.Path(__file__).parent
WIDTH, HEADS, INNER, LAYERS, WORDS, POSITIONS = 8, 2, 12, 2, 19, 32
SOURCES = [[3, 7, 11, 2, 18, 5, 9, 4, 13, 6, 17, 8, 10, 12, 16, 1], [15, 4, 1]]
TARGETS = [[0, 5, 9, 9, 14, 2], [0, 13, 7, 3, 11, 6, 12, 10, 4, 8, 16, 1]]


class Tensors:
    """Random parameters, drawn when first asked for; float32 values, computed with as float64."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)
        self.all = {}

    def __call__(self, name, *shape, scale=0.4, around=0.0):
        if name not in self.all:
            values = torch.randn(*shape, generator=self.generator) * scale + around
            self.all[name] = values.to(torch.float32)
        return self.all[name].to(torch.float64)

    def save(self, path):
        header, data = {}, b""
        for name, t in self.all.items():
            raw = t.contiguous().numpy().tobytes()
            header[name] = {
                "dtype": "F32",
                "shape": list(t.shape),
                "data_offsets": [len(data), len(data) + len(raw)],
            }
            data += raw
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def attend(q, k, v, heads, scale, bias):
    """Heads are consecutive columns; bias [heads, queries, keys] holds -inf where nothing is seen."""
    out = []
    for h, (qh, kh, vh) in enumerate(zip(*(x.chunk(heads, dim=1) for x in (q, k, v)))):
        out.append(torch.softmax(qh @ kh.T * scale + bias[h], dim=1) @ vh)
    return torch.cat(out, dim=1)


def causal(n):
    return torch.full((n, n), -math.inf, dtype=torch.float64).triu(1)


# ---- BART, Marian, mBART


def layer_norm(p, name, x):
    n = x.shape[1]
    mean = x.mean(1, keepdim=True)
    variance = ((x - mean) ** 2).mean(1, keepdim=True)
    weight = p(name + ".weight", n, scale=0.2, around=1.0)
    return (x - mean) / torch.sqrt(variance + 1e-5) * weight + p(name + ".bias", n, scale=0.1)


def linear(p, name, x, outputs):
    return x @ p(name + ".weight", outputs, x.shape[1]).T + p(name + ".bias", outputs, scale=0.2)


def bart_attention(p, name, x, memory, bias):
    q = linear(p, name + ".q_proj", x, WIDTH)
    k = linear(p, name + ".k_proj", memory, WIDTH)
    v = linear(p, name + ".v_proj", memory, WIDTH)
    y = attend(q, k, v, HEADS, 1 / math.sqrt(WIDTH // HEADS), bias)
    return linear(p, name + ".out_proj", y, WIDTH)


def sinusoids(n):
    """Sines of all frequencies, then their cosines; the first position is 0."""
    rows = []
    for position in range(n):
        angles = [position / 10000 ** (2 * i / WIDTH) for i in range(WIDTH // 2)]
        rows.append([math.sin(a) for a in angles] + [math.cos(a) for a in angles])
    return torch.tensor(rows, dtype=torch.float64)


def bart_stack(p, c, side, ids, memory):
    words = "model.shared" if c["share_encoder_decoder_embeddings"] else f"model.{side}.embed_tokens"
    count = c["vocab_size"] if side == "encoder" else c.get("decoder_vocab_size", c["vocab_size"])
    x = p(words + ".weight", count, WIDTH)[ids]
    if c["scale_embedding"]:
        x = x * math.sqrt(WIDTH)
    n = len(ids)
    if c["model_type"] == "marian":
        x = x + sinusoids(n)
    else:  # the first two rows are never used
        x = x + p(f"model.{side}.embed_positions.weight", POSITIONS + 2, WIDTH)[2 : n + 2]
        x = layer_norm(p, f"model.{side}.layernorm_embedding", x)
    pre = c["model_type"] == "mbart"
    fn = {"gelu": lambda t: t * 0.5 * (1 + torch.erf(t / math.sqrt(2))),
          "swish": lambda t: t * torch.sigmoid(t),
          "relu": torch.relu}[c["activation_function"]]

    def residual(x, norm, f):
        return x + f(layer_norm(p, norm, x)) if pre else layer_norm(p, norm, x + f(x))

    seen = causal(n) if side == "decoder" else torch.zeros(n, n, dtype=torch.float64)
    for i in range(LAYERS):
        at = f"model.{side}.layers.{i}"
        self_attention = lambda t: bart_attention(p, at + ".self_attn", t, t, [seen] * HEADS)
        x = residual(x, at + ".self_attn_layer_norm", self_attention)
        if side == "decoder":
            cross = lambda t: bart_attention(p, at + ".encoder_attn", t, memory, [0] * HEADS)
            x = residual(x, at + ".encoder_attn_layer_norm", cross)
        ffn = lambda t: linear(p, at + ".fc2", fn(linear(p, at + ".fc1", t, INNER)), WIDTH)
        x = residual(x, at + ".final_layer_norm", ffn)
    return layer_norm(p, f"model.{side}.layer_norm", x) if pre else x


def bart(p, c, source, target):
    memory = bart_stack(p, c, "encoder", source, None)
    x = bart_stack(p, c, "decoder", target, memory)
    shared = c["share_encoder_decoder_embeddings"]
    words = "model.shared.weight" if shared else "model.decoder.embed_tokens.weight"
    table = p(words)
    return memory, x @ table.T + p("final_logits_bias", 1, table.shape[0])


# ---- T5


def rms_norm(p, name, x):
    weight = p(name + ".weight", x.shape[1], scale=0.2, around=1.0)
    return x / torch.sqrt((x * x).mean(1, keepdim=True) + 1e-6) * weight


def bucket(distance, bidirectional, buckets, most):
    """Of a key so many positions behind (positive) or before (negative) a query."""
    first = 0
    if bidirectional:
        buckets //= 2
        first = buckets if distance > 0 else 0
        distance = abs(distance)
    else:
        distance = max(-distance, 0)
    exact = buckets // 2
    if distance < exact:
        return first + distance
    log = math.log(distance / exact) / math.log(most / exact)
    return first + min(exact + int(log * (buckets - exact)), buckets - 1)


def t5_attention(p, name, x, memory, c, bias):
    inner = c["d_kv"] * c["num_heads"]
    q, k, v = (
        rows @ p(f"{name}.{part}.weight", inner, WIDTH).T
        for part, rows in (("q", x), ("k", memory), ("v", memory))
    )
    return attend(q, k, v, c["num_heads"], 1, bias) @ p(f"{name}.o.weight", WIDTH, inner).T


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def t5_ffn(p, name, x, c):
    if c["feed_forward_proj"] == "gated-gelu":
        gate = gelu_tanh(x @ p(name + ".wi_0.weight", INNER, WIDTH).T)
        inner = gate * (x @ p(name + ".wi_1.weight", INNER, WIDTH).T)
    else:
        inner = torch.relu(x @ p(name + ".wi.weight", INNER, WIDTH).T)
    return inner @ p(name + ".wo.weight", WIDTH, INNER).T


def t5_stack(p, c, side, ids, memory):
    x = p("shared.weight", WORDS, WIDTH, scale=1.0)[ids]
    n, heads, decoder = len(ids), c["num_heads"], side == "decoder"
    layers = c["num_decoder_layers"] if decoder else c["num_layers"]
    buckets, most = c["relative_attention_num_buckets"], c["relative_attention_max_distance"]
    table = p(f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight", buckets, heads)
    index = [[bucket(j - i, not decoder, buckets, most) for j in range(n)] for i in range(n)]
    bias = table[torch.tensor(index)].permute(2, 0, 1) + (causal(n) if decoder else 0)
    for i in range(layers):
        at = f"{side}.block.{i}.layer"
        h = rms_norm(p, at + ".0.layer_norm", x)
        x = x + t5_attention(p, at + ".0.SelfAttention", h, h, c, bias)
        if decoder:
            h = rms_norm(p, at + ".1.layer_norm", x)
            x = x + t5_attention(p, at + ".1.EncDecAttention", h, memory, c, [0] * heads)
        last = f"{at}.{2 if decoder else 1}"
        x = x + t5_ffn(p, last + ".DenseReluDense", rms_norm(p, last + ".layer_norm", x), c)
    return rms_norm(p, side + ".final_layer_norm", x)


def t5(p, c, source, target):
    memory = t5_stack(p, c, "encoder", source, None)
    x = t5_stack(p, c, "decoder", target, memory)
    if c["tie_word_embeddings"]:
        return memory, x / math.sqrt(WIDTH) @ p("shared.weight").T
    return memory, x @ p("lm_head.weight", WORDS, WIDTH).T


# ---- the models


def bart_config(kind, **more):
    return {
        "model_type": kind,
        "d_model": WIDTH,
        "vocab_size": WORDS,
        "max_position_embeddings": POSITIONS,
        "encoder_layers": LAYERS,
        "decoder_layers": LAYERS,
        "encoder_attention_heads": HEADS,
        "decoder_attention_heads": HEADS,
        "encoder_ffn_dim": INNER,
        "decoder_ffn_dim": INNER,
        "decoder_start_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 0,
        "share_encoder_decoder_embeddings": True,
        **more,
    }


def t5_config(kind, **more):
    return {
        "model_type": kind,
        "d_model": WIDTH,
        "d_kv": 3,
        "d_ff": INNER,
        "num_heads": HEADS,
        "num_layers": LAYERS,
        "vocab_size": WORDS,
        "relative_attention_num_buckets": 8,
        "relative_attention_max_distance": 12,
        "layer_norm_epsilon": 1e-6,
        "decoder_start_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 0,
        **more,
    }


MODELS = {
    "bart": (bart, bart_config("bart", activation_function="gelu", scale_embedding=False)),
    "marian": (
        bart,
        bart_config("marian", activation_function="swish", scale_embedding=True),
    ),
    "marian-separate": (
        bart,
        bart_config("marian", activation_function="relu", scale_embedding=True,
                    share_encoder_decoder_embeddings=False, decoder_vocab_size=WORDS + 4),
    ),
    "mbart": (bart, bart_config("mbart", activation_function="gelu", scale_embedding=True)),
    "t5-v1.0": (
        t5,
        t5_config("t5", feed_forward_proj="relu", tie_word_embeddings=True, num_decoder_layers=1),
    ),
    "t5-v1.1": (
        t5,
        t5_config("t5", feed_forward_proj="gated-gelu", tie_word_embeddings=False,
                  num_decoder_layers=LAYERS),
    ),
}


def rounded(matrix):
    return [[round(v, 9) for v in row] for row in matrix.tolist()]


def write(name, config, parameters, cases):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    parameters.save(folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    lines = ",\n".join(json.dumps(c) for c in cases)
    (folder / "golden.json").write_text("[\n" + lines + "\n]\n")


def main():
    for seed, (name, (compute, config)) in enumerate(MODELS.items()):
        parameters = Tensors(seed)
        cases = []
        for source, target in zip(SOURCES, TARGETS):
            memory, logits = compute(parameters, config, source, target)
            cases.append({"source": source, "target": target,
                          "memory": rounded(memory), "logits": rounded(logits)})
        write(name, config, parameters, cases)


if __name__ == "__main__":
    main()
