"""The dates model in PyTorch: `torch.nn.Transformer` with embeddings, its characters, and its files."""

import json
import math
import re
import struct
import unicodedata

import numpy
import torch
from torch import nn

SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
PAD, START, END, UNKNOWN = range(4)
CHARACTERS = " '(),-./0123456789:abcdefghijklmnopqrstuvwxyz"
VOCABULARY = {token: i for i, token in enumerate(SPECIAL + list(CHARACTERS))}
REPLACED = [("\u2019", "'"), ("\u2018", "'"), ("\u2010", "-"), ("\u2011", "-"), ("\u2013", "-")]

CONFIG = {
    "model_type": "transformer",
    "d_model": 96,
    "nhead": 3,
    "num_encoder_layers": 3,
    "num_decoder_layers": 2,
    "dim_feedforward": 256,
    "activation": "relu",
    "norm_first": True,
    "layer_norm_eps": 1e-05,
    "scale_embedding": True,
    "positional_encoding": {"type": "sinusoidal", "layout": "interleaved", "first_position": 0},
    "src_vocab_size": len(VOCABULARY),
    "tgt_vocab_size": len(VOCABULARY),
    "decoder_start_token": "<s>",
    "eos_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
}


def sinusoids(length, width):
    """[length, width] in F64: sin and cos interleaved, as in the paper (section 3.5)."""
    steps = torch.arange(0, width, 2, dtype=torch.float64)
    angles = torch.arange(length)[:, None] * torch.exp(steps * (-math.log(10000.0) / width))
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


class Dates(nn.Transformer):
    """Characters in, characters out. Parameters are named as nn.Transformer's, embeddings and output layer beside them."""

    def __init__(self, config, dropout=0.0):
        super().__init__(config["d_model"], config["nhead"], config["num_encoder_layers"], config["num_decoder_layers"],
                         config["dim_feedforward"], dropout, config["activation"], layer_norm_eps=config["layer_norm_eps"],
                         batch_first=True, norm_first=config["norm_first"])
        self.encoder.enable_nested_tensor = False
        self.src_embedding = nn.Embedding(config["src_vocab_size"], self.d_model)
        self.tgt_embedding = nn.Embedding(config["tgt_vocab_size"], self.d_model)
        self.generator = nn.Linear(self.d_model, config["tgt_vocab_size"])
        for embedding in (self.src_embedding, self.tgt_embedding):
            nn.init.normal_(embedding.weight, std=self.d_model ** -0.5)
        self.register_buffer("positions", sinusoids(256, self.d_model).float(), persistent=False)

    def embed(self, embedding, ids):
        return embedding(ids) * math.sqrt(self.d_model) + self.positions[:ids.shape[1]]

    def encode(self, source):
        """source [batch, tokens], padded -> memory [batch, tokens, d_model]."""
        return self.encoder(self.embed(self.src_embedding, source), src_key_padding_mask=source == PAD)

    def decode(self, memory, source, target):
        """Logits [batch, target tokens, tgt_vocab_size] of the token after each of `target`."""
        causal = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
        return self.generator(self.decoder(self.embed(self.tgt_embedding, target), memory, tgt_mask=causal,
                                           memory_key_padding_mask=source == PAD))

    def forward(self, source, target):
        return self.decode(self.encode(source), source, target)

    @torch.no_grad()
    def greedy(self, source, limit=16):
        """[batch, up to limit] ids of the likeliest tokens, without <s>; all after </s> is meaningless."""
        self.eval()
        memory = self.encode(source)
        target = torch.full((source.shape[0], 1), START)
        while target.shape[1] <= limit and not (target == END).any(1).all():
            target = torch.cat([target, self.decode(memory, source, target)[:, -1:].argmax(2)], 1)
        return target[:, 1:]


def normalize(text):
    """What tokenizer.json does before it looks characters up."""
    text = unicodedata.normalize("NFKC", text).lower()
    for old, new in REPLACED:
        text = text.replace(old, new)
    return re.sub(r"\s+", " ", text).strip()


def encode(text):
    return [VOCABULARY.get(c, UNKNOWN) for c in normalize(text)]


def decode(ids):
    tokens = SPECIAL + list(CHARACTERS)
    ids = list(ids)
    return "".join(tokens[i] for i in ids[:ids.index(END) if END in ids else len(ids)])


def padded(sequences):
    """Sequences of ids as one tensor [batch, longest]."""
    rows = numpy.full((len(sequences), max(map(len, sequences))), PAD)
    for row, ids in zip(rows, sequences):
        row[:len(ids)] = ids
    return torch.from_numpy(rows)


def translate(model, texts, batch=500):
    """The model's reading of each text."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    read = [""] * len(texts)
    for start in range(0, len(order), batch):
        part = order[start:start + batch]
        for i, ids in zip(part, model.greedy(padded([encode(texts[i]) for i in part])).tolist()):
            read[i] = decode(ids)
    return read


def tokenizer_json():
    """The characters as a tokenizer of Hugging Face's: BPE without merges."""
    steps = [{"type": "NFKC"}, {"type": "Lowercase"}]
    steps += [{"type": "Replace", "pattern": {"String": old}, "content": new} for old, new in REPLACED]
    steps += [{"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
              {"type": "Strip", "strip_left": True, "strip_right": True}]
    added = [{"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": True} for i, token in enumerate(SPECIAL)]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
            "normalizer": {"type": "Sequence", "normalizers": steps}, "pre_tokenizer": None, "post_processor": None,
            "decoder": {"type": "Fuse"},
            "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                      "vocab": VOCABULARY, "merges": []}}


def save_safetensors(path, state):
    """Writes tensors in F16."""
    header, parts, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in state.items():
        data = tensor.to(torch.float16).numpy().tobytes()
        header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def load_safetensors(path):
    """Tensors by name, in F32."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    return {name: torch.from_numpy(numpy.frombuffer(data[slice(*entry["data_offsets"])], "f2").astype("f4")).reshape(entry["shape"])
            for name, entry in header.items() if name != "__metadata__"}
