#!/usr/bin/env python3
"""Small random models as GGUF files, and what they compute, written as plain matrix products.

Qwen2 (biases on q, k, v), Qwen3 (RMS norms on the heads of q and k, heads wider than their share),
GPT-2 (learned positions; once with an output projection of its own) and BERT (learned positions,
token types, mean or first token). Names of keys and tensors are those of the GGUF specification and
of llama.cpp's constants.py; the formulas are the papers' in float64. golden.json has, for each
file, a text with its ids and the logits of every position with the greedy continuation, or the
pooled vector.

    python3 reference.py        rewrites the files beside it; needs NumPy
"""

import json
import math
import pathlib
import struct

import numpy as np

HERE = pathlib.Path(__file__).parent
WIDTH, HEADS, KV_HEADS, INNER, LAYERS, POSITIONS = 16, 4, 2, 24, 2, 32
EPS, BASE, NEW_TOKENS = 1e-5, 10000.0, 6
U32, I32, F32, STRING, ARRAY = 4, 5, 6, 8, 9
NORMAL, CONTROL = 1, 3

# Byte-level BPE: U+0120 is a space. "ab cab" is "ab" and " cab"; the second merges to " c", "ab".
BPE = ["<|endoftext|>", *"abcdefgh", "\u0120", "ab", "\u0120c", "\u0120a", "de", "fg", "de" + "fg", "gh"]
MERGES = ["a b", "\u0120 c", "\u0120 a", "d e", "f g", "de fg", "g h"]
BPE_TEXT, BPE_PIECES = "ab cabdefg ah", ["ab", "\u0120c", "ab", "defg", "\u0120a", "h"]

# WordPiece as GGUF has it: U+2581 begins a word.
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u2581river", "\u2581bank", "s", "ing", "\u2581save", "\u2581."]
WORD_TEXT = "River banks save."
WORD_PIECES = ["[CLS]", "\u2581river", "\u2581bank", "s", "\u2581save", "\u2581.", "[SEP]"]


def string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def scalar(value):
    """Type and bytes of a value: text, float, or int as U32."""
    if isinstance(value, str):
        return STRING, string(value)
    if isinstance(value, float):
        return F32, struct.pack("<f", value)
    return U32, struct.pack("<I", value)


def entry(key, value):
    if isinstance(value, list):
        kind = STRING if isinstance(value[0], str) else I32
        items = [string(v) if kind == STRING else struct.pack("<i", v) for v in value]
        return string(key) + struct.pack("<IIQ", ARRAY, kind, len(items)) + b"".join(items)
    kind, data = scalar(value)
    return string(key) + struct.pack("<I", kind) + data


class Model:
    """Metadata, and random parameters, drawn when first asked for; float32 values as float64."""

    def __init__(self, arch, seed, vocabulary, types, **tokenizer):
        self.arch = arch
        self.random = np.random.default_rng(seed)
        self.tensors = {}
        self.metadata = {
            "general.architecture": arch,
            f"{arch}.context_length": POSITIONS,
            f"{arch}.embedding_length": WIDTH,
            f"{arch}.feed_forward_length": INNER,
            f"{arch}.block_count": LAYERS,
            f"{arch}.attention.head_count": HEADS,
            "tokenizer.ggml.tokens": vocabulary,
            "tokenizer.ggml.token_type": types,
        }
        self.metadata.update({"tokenizer.ggml." + k: v for k, v in tokenizer.items()})
        self.words = len(vocabulary)

    def key(self, name, value):
        self.metadata[f"{self.arch}.{name}"] = value

    def __call__(self, name, *shape, around=0.0, scale=0.4):
        if name not in self.tensors:
            values = self.random.normal(around, scale, shape)
            self.tensors[name] = values.astype(np.float32)
        return self.tensors[name].astype(np.float64)

    def linear(self, x, name, outputs, bias=False):
        y = x @ self(f"{name}.weight", outputs, x.shape[-1]).T
        return y + self(f"{name}.bias", outputs, scale=0.2) if bias else y

    def layer_norm(self, x, name):
        centred = x - x.mean(-1, keepdims=True)
        unit = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + EPS)
        weight = self(f"{name}.weight", WIDTH, around=1.0, scale=0.2)
        return unit * weight + self(f"{name}.bias", WIDTH, scale=0.2)

    def rms_norm(self, x, name):
        unit = x / np.sqrt((x**2).mean(-1, keepdims=True) + EPS)
        return unit * self(f"{name}.weight", x.shape[-1], around=1.0, scale=0.2)

    def save(self, path):
        infos, data = b"", b""
        for name, t in self.tensors.items():
            infos += string(name) + struct.pack("<I", t.ndim)
            infos += b"".join(struct.pack("<Q", n) for n in reversed(t.shape))
            infos += struct.pack("<IQ", 0, len(data))
            data += t.tobytes()
            data += b"\0" * (-len(data) % 32)
        head = b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(self.metadata))
        head += b"".join(entry(k, v) for k, v in self.metadata.items()) + infos
        path.write_bytes(head + b"\0" * (-len(head) % 32) + data)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attend(q, k, v, causal):
    """q [T, heads, d], k and v [T, kv heads, d]; query head h reads kv head h * kv / heads."""
    n, heads, d = q.shape
    mask = np.triu(np.full((n, n), -np.inf), 1) if causal else np.zeros((n, n))
    out = []
    for h in range(heads):
        kv = h * k.shape[1] // heads
        out.append(softmax(q[:, h] @ k[:, kv].T / math.sqrt(d) + mask) @ v[:, kv])
    return np.concatenate(out, axis=1)


def rope(x):
    """Rotates (i, i + d/2) of each head [T, heads, d] by position * base^(-2i/d)."""
    n, _, d = x.shape
    angles = np.arange(n)[:, None] * BASE ** (-2.0 * np.arange(d // 2) / d)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    a, b = x[..., : d // 2], x[..., d // 2 :]
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def qwen(m, ids, head_dim, bias, head_norms):
    x = m("token_embd.weight", m.words, WIDTH)[ids]
    n = len(ids)
    for i in range(LAYERS):
        at = f"blk.{i}."
        y = m.rms_norm(x, at + "attn_norm")
        q = m.linear(y, at + "attn_q", HEADS * head_dim, bias).reshape(n, HEADS, head_dim)
        k = m.linear(y, at + "attn_k", KV_HEADS * head_dim, bias).reshape(n, KV_HEADS, head_dim)
        v = m.linear(y, at + "attn_v", KV_HEADS * head_dim, bias).reshape(n, KV_HEADS, head_dim)
        if head_norms:
            q, k = m.rms_norm(q, at + "attn_q_norm"), m.rms_norm(k, at + "attn_k_norm")
        x = x + m.linear(attend(rope(q), rope(k), v, True), at + "attn_output", WIDTH)
        y = m.rms_norm(x, at + "ffn_norm")
        gate = m.linear(y, at + "ffn_gate", INNER)
        up = m.linear(y, at + "ffn_up", INNER)
        x = x + m.linear(gate / (1 + np.exp(-gate)) * up, at + "ffn_down", WIDTH)
    return m.rms_norm(x, "output_norm")


def gpt2(m, ids):
    n = len(ids)
    x = m("token_embd.weight", m.words, WIDTH)[ids]
    x = x + m("position_embd.weight", POSITIONS, WIDTH)[:n]
    for i in range(LAYERS):
        at = f"blk.{i}."
        y = m.linear(m.layer_norm(x, at + "attn_norm"), at + "attn_qkv", 3 * WIDTH, True)
        q, k, v = y.reshape(n, 3, HEADS, WIDTH // HEADS).transpose(1, 0, 2, 3)
        x = x + m.linear(attend(q, k, v, True), at + "attn_output", WIDTH, True)
        y = m.linear(m.layer_norm(x, at + "ffn_norm"), at + "ffn_up", INNER, True)
        x = x + m.linear(gelu_tanh(y), at + "ffn_down", WIDTH, True)
    return m.layer_norm(x, "output_norm")


def bert(m, ids):
    n = len(ids)
    x = m("token_embd.weight", m.words, WIDTH)[ids]
    x = x + m("position_embd.weight", POSITIONS, WIDTH)[:n] + m("token_types.weight", 2, WIDTH)[0]
    x = m.layer_norm(x, "token_embd_norm")
    for i in range(LAYERS):
        at = f"blk.{i}."
        q, k, v = (
            m.linear(x, at + "attn_" + part, WIDTH, True).reshape(n, HEADS, -1) for part in "qkv"
        )
        y = m.linear(attend(q, k, v, False), at + "attn_output", WIDTH, True)
        x = m.layer_norm(x + y, at + "attn_output_norm")
        y = m.linear(gelu(m.linear(x, at + "ffn_up", INNER, True)), at + "ffn_down", WIDTH, True)
        x = m.layer_norm(x + y, at + "layer_output_norm")
    return x


def decoder(name, model, states, untied=False):
    """The golden values of a text generator; its output projection is tied unless it has its own."""
    head = "output.weight" if untied else "token_embd.weight"

    def logits(ids):
        return states(model, ids) @ model(head, model.words, WIDTH).T

    ids = [BPE.index(p) for p in BPE_PIECES]
    prompt, new = logits(ids), []
    for _ in range(NEW_TOKENS):
        last = logits(ids + new)[-1]
        second, first = np.sort(last)[-2:]
        assert first - second > 1e-3, "another seed: two tokens are as likely"
        new.append(int(last.argmax()))
    assert BPE.index("<|endoftext|>") not in new, "another seed: the text ends"
    model.save(HERE / f"{name}.gguf")
    return {"text": BPE_TEXT, "ids": ids, "logits": prompt.tolist(), "continuation": new}


def encoder(name, model, pooling):
    ids = [WORDS.index(p) for p in WORD_PIECES]
    states = bert(model, ids)
    model.key("pooling_type", {"mean": 1, "first": 2}[pooling])
    model.save(HERE / f"{name}.gguf")
    vector = states.mean(0) if pooling == "mean" else states[0]
    return {"text": WORD_TEXT, "ids": ids, "vector": vector.tolist()}


def bpe_model(arch, seed, pre):
    types = [CONTROL] + [NORMAL] * (len(BPE) - 1)
    model = Model(
        arch, seed, BPE, types, model="gpt2", pre=pre, merges=MERGES, bos_token_id=0, eos_token_id=0
    )
    if arch == "gpt2":
        model.key("attention.layer_norm_epsilon", EPS)
    else:
        model.key("attention.head_count_kv", KV_HEADS)
        model.key("attention.layer_norm_rms_epsilon", EPS)
        model.key("rope.freq_base", BASE)
    return model


def bert_model(seed):
    types = [CONTROL] * 5 + [NORMAL] * (len(WORDS) - 5)
    roles = {"padding": 0, "unknown": 1, "cls": 2, "seperator": 3, "mask": 4}
    roles = {role + "_token_id": id for role, id in roles.items()}
    model = Model("bert", seed, WORDS, types, model="bert", **roles)
    model.key("attention.layer_norm_epsilon", EPS)
    return model


def main():
    qwen3 = bpe_model("qwen3", 7, "qwen2")
    qwen3.key("attention.key_length", 8)
    qwen3.key("attention.value_length", 8)
    golden = {
        "qwen2": decoder(
            "qwen2",
            bpe_model("qwen2", 1, "qwen2"),
            lambda m, ids: qwen(m, ids, WIDTH // HEADS, True, False),
            untied=True,
        ),
        "qwen3": decoder("qwen3", qwen3, lambda m, ids: qwen(m, ids, 8, False, True)),
        "gpt2": decoder("gpt2", bpe_model("gpt2", 3, "gpt-2"), gpt2),
        "gpt2-untied": decoder("gpt2-untied", bpe_model("gpt2", 4, "gpt-2"), gpt2, untied=True),
        "bert-mean": encoder("bert-mean", bert_model(5), "mean"),
        "bert-first": encoder("bert-first", bert_model(6), "first"),
    }
    (HERE / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
