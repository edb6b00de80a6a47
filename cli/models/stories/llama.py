"""A Llama in PyTorch, small enough to read at once, with Hugging Face's parameter names; and its two files.

RMS norm before each part, rotary positions (halves rotated), grouped query heads, SwiGLU, tied embedding
(Touvron et al. 2023, "LLaMA"; Su et al. 2021, "RoFormer"; Ainslie et al. 2023, "GQA").
"""

import json
import math

import numpy
import torch
from torch import nn
from torch.nn import functional

CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 2048, "hidden_size": 160,
    "intermediate_size": 448, "num_hidden_layers": 5, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32,
    "hidden_act": "silu", "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "rope_scaling": None,
    "attention_bias": False, "attention_dropout": 0.0, "mlp_bias": False, "initializer_range": 0.02, "use_cache": True,
    "tie_word_embeddings": True, "bos_token_id": 0, "eos_token_id": 1, "torch_dtype": "float16"}


class RmsNorm(nn.Module):
    def __init__(self, size, epsilon):
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(size)), epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.epsilon) * self.weight


def rotary_table(config, length):
    """cos and sin [length, head_dim], made in F64."""
    size = config["head_dim"]
    frequency = config["rope_theta"] ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    angle = torch.arange(length, dtype=torch.float64)[:, None] * frequency
    angle = torch.cat([angle, angle], dim=-1)
    return angle.cos(), angle.sin()


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], dim=-1) * sin


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads, self.groups, self.size = (config[k] for k in ("num_attention_heads", "num_key_value_heads", "head_dim"))
        hidden = config["hidden_size"]
        self.q_proj = nn.Linear(hidden, self.heads * self.size, bias=False)
        self.k_proj = nn.Linear(hidden, self.groups * self.size, bias=False)
        self.v_proj = nn.Linear(hidden, self.groups * self.size, bias=False)
        self.o_proj = nn.Linear(self.heads * self.size, hidden, bias=False)

    def forward(self, x, cos, sin, mask):
        batch, tokens, _ = x.shape
        split = lambda y, heads: y.view(batch, tokens, heads, self.size).transpose(1, 2)
        q = rotate(split(self.q_proj(x), self.heads), cos, sin) * (1 / math.sqrt(self.size))
        k = rotate(split(self.k_proj(x), self.groups), cos, sin)
        v = split(self.v_proj(x), self.groups)
        # query heads of a group follow each other: [batch * groups, heads per group * tokens, size]
        q = q.reshape(batch * self.groups, -1, self.size)
        k, v = (y.reshape(batch * self.groups, tokens, self.size) for y in (k, v))
        scores = torch.baddbmm(mask.repeat(self.heads // self.groups, 1), q, k.transpose(1, 2))
        y = (scores.softmax(-1) @ v).view(batch, self.heads, tokens, self.size)
        return self.o_proj(y.transpose(1, 2).reshape(batch, tokens, -1))


class FeedForward(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        self.gate_proj = nn.Linear(hidden, inner, bias=False)
        self.up_proj = nn.Linear(hidden, inner, bias=False)
        self.down_proj = nn.Linear(inner, hidden, bias=False)

    def forward(self, x):
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.input_layernorm = RmsNorm(config["hidden_size"], config["rms_norm_eps"])
        self.self_attn = Attention(config)
        self.post_attention_layernorm = RmsNorm(config["hidden_size"], config["rms_norm_eps"])
        self.mlp = FeedForward(config)

    def forward(self, x, cos, sin, mask):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.model.layers = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))
        self.model.norm = RmsNorm(config["hidden_size"], config["rms_norm_eps"])
        self.tables = rotary_table(config, config["max_position_embeddings"])
        deep = config["initializer_range"] / math.sqrt(2 * config["num_hidden_layers"])
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=deep if name.endswith(("o_proj.weight", "down_proj.weight")) else 0.02)

    def forward(self, ids):
        """ids [batch, tokens] -> logits [batch, tokens, vocabulary]"""
        embedding, tokens = self.model.embed_tokens.weight, ids.shape[1]
        cos, sin = (t[:tokens].to(embedding.dtype) for t in self.tables)
        mask = torch.full((tokens, tokens), -math.inf, dtype=embedding.dtype).triu(1)
        x = functional.embedding(ids, embedding)
        for layer in self.model.layers:
            x = layer(x, cos, sin, mask)
        return functional.linear(self.model.norm(x), embedding)


def save_safetensors(path, tensors):
    """{name: torch tensor} -> a file of F16: 8 bytes of header length, the JSON header padded to 8, the data."""
    header, chunks, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in tensors.items():
        data = tensor.detach().numpy().astype("<f2")
        if not numpy.isfinite(data).all():
            raise ValueError(f"{name}: not finite in F16")
        header[name] = {"dtype": "F16", "shape": list(data.shape), "data_offsets": [offset, offset + data.nbytes]}
        chunks.append(data.tobytes())
        offset += data.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(len(text).to_bytes(8, "little") + text + b"".join(chunks))


def load_safetensors(path):
    """The F16 tensors of a file, as float64."""
    with open(path, "rb") as file:
        content = file.read()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    return {name: torch.from_numpy(
        numpy.frombuffer(content[start + t["data_offsets"][0]:start + t["data_offsets"][1]], "<f2")
        .reshape(t["shape"]).astype("f8")) for name, t in header.items()}
