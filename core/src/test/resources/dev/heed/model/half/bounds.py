#!/usr/bin/env python3
"""What plain PyTorch in 16 bits makes of the test models: the bounds of HalfModelsTest.

"Plain" means that everything is of the type: weights, activations, the residual stream, and what each of
PyTorch's kernels gives, sums inside a kernel being wide. Each model runs in float64, which is compared with
the published values first, then with all that ATen's kernels give rounded to bfloat16 or float16. Norms and
softmax count as one kernel. bounds.json gets the normalised mean square error against float64, for logits the
largest error and float64's margin between the two best of each row too, for sentence vectors the least cosine.

    /usr/bin/python3 bounds.py SHARED        rewrites bounds.json; needs PyTorch and the folder of models
"""

import contextlib
import json
import math
import pathlib
import sys
import unicodedata

import numpy
import torch
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "seq2seq"))
import reference  # noqa: E402
import transformer  # noqa: E402

TYPES = {"f16": torch.float16, "bf16": torch.bfloat16}


class Rounded(TorchDispatchMode):
    """Rounds what every kernel gives; views stay views."""

    current = None

    def __init__(self, dtype):
        super().__init__()
        self.dtype = dtype

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if Rounded.current is None:
            return out
        held = {t.storage().data_ptr() for t in args if isinstance(t, torch.Tensor)}

        def rounded(t):
            if not isinstance(t, torch.Tensor) or not t.is_floating_point():
                return t
            if t.storage().data_ptr() in held:
                return t
            return t.to(self.dtype).to(t.dtype)

        return tree_map(rounded, out)


@contextlib.contextmanager
def computing(dtype):
    Rounded.current = Rounded(dtype)
    try:
        with Rounded.current:
            yield
    finally:
        Rounded.current = None


def kernel(f):
    """A function that counts as one kernel."""

    def whole(*args):
        mode, Rounded.current = Rounded.current, None
        out = f(*args)
        Rounded.current = mode
        return out if mode is None else out.clone()  # which rounds

    return whole


def weights(path):
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    types = {"F32": numpy.float32, "F16": numpy.float16}
    all = {}
    for name, t in header.items():
        if name != "__metadata__" and t["dtype"] in types:
            begin, end = (8 + length + o for o in t["data_offsets"])
            values = numpy.frombuffer(raw[begin:end], types[t["dtype"]]).reshape(t["shape"])
            all[name] = torch.from_numpy(values.astype(numpy.float64))
    return all


@kernel
def rms_norm(x, weight, eps):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * weight


def heads(x, n):
    return x.view(x.shape[0], n, -1).transpose(0, 1)


def attend(q, k, v, causal):
    scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[2])
    if causal:
        scores = scores + reference.causal(q.shape[1])
    return (torch.softmax(scores, -1) @ v).transpose(0, 1).reshape(q.shape[1], -1)


def llama(w, c, ids):
    w = {name: t.clone() for name, t in w.items()}
    n, dim = len(ids), c["hidden_size"] // c["num_attention_heads"]
    angles = torch.arange(n)[:, None] / c["rope_theta"] ** (torch.arange(0, dim, 2) / dim)
    angles = torch.cat([angles, angles], 1).to(torch.float64)
    cos, sin = torch.cos(angles), torch.sin(angles)

    @kernel
    def rotate(x):
        half = x.shape[2] // 2
        return x * cos + torch.cat([-x[..., half:], x[..., :half]], 2) * sin

    x = w["model.embed_tokens.weight"][ids]
    for i in range(c["num_hidden_layers"]):
        at = f"model.layers.{i}."
        h = rms_norm(x, w[at + "input_layernorm.weight"], c["rms_norm_eps"])
        q, k, v = (h @ w[f"{at}self_attn.{p}_proj.weight"].T for p in "qkv")
        many, few = c["num_attention_heads"], c["num_key_value_heads"]
        q, k, v = rotate(heads(q, many)), rotate(heads(k, few)), heads(v, few)
        k, v = (t.repeat_interleave(many // few, 0) for t in (k, v))
        x = x + attend(q, k, v, True) @ w[at + "self_attn.o_proj.weight"].T
        h = rms_norm(x, w[at + "post_attention_layernorm.weight"], c["rms_norm_eps"])
        gate, up = (h @ w[f"{at}mlp.{p}_proj.weight"].T for p in ("gate", "up"))
        x = x + (F.silu(gate) * up) @ w[at + "mlp.down_proj.weight"].T
    x = rms_norm(x, w["model.norm.weight"], c["rms_norm_eps"])
    return x @ w["model.embed_tokens.weight"].T


def gpt2(w, c, ids):
    w = {name.removeprefix("transformer."): t.clone() for name, t in w.items()}
    width, eps = c["n_embd"], c["layer_norm_epsilon"]
    x = w["wte.weight"][ids] + w["wpe.weight"][: len(ids)]

    def norm(name, x):
        return F.layer_norm(x, (width,), w[name + ".weight"], w[name + ".bias"], eps)

    def linear(name, x):
        return x @ w[name + ".weight"] + w[name + ".bias"]

    for i in range(c["n_layer"]):
        at = f"h.{i}."
        q, k, v = linear(at + "attn.c_attn", norm(at + "ln_1", x)).split(width, 1)
        y = attend(*(heads(t, c["n_head"]) for t in (q, k, v)), True)
        x = x + linear(at + "attn.c_proj", y)
        inner = kernel(reference.gelu_tanh)(linear(at + "mlp.c_fc", norm(at + "ln_2", x)))
        x = x + linear(at + "mlp.c_proj", inner)
    return norm("ln_f", x) @ w["wte.weight"].T


def bert(w, c, ids):
    w = {name: t.clone() for name, t in w.items()}
    width, eps = c["hidden_size"], c["layer_norm_eps"]

    def norm(name, x):
        return F.layer_norm(x, (width,), w[name + ".weight"], w[name + ".bias"], eps)

    def linear(name, x):
        return F.linear(x, w[name + ".weight"], w[name + ".bias"])

    at = "embeddings."
    x = w[at + "word_embeddings.weight"][ids] + w[at + "position_embeddings.weight"][: len(ids)]
    x = norm(at + "LayerNorm", x + w[at + "token_type_embeddings.weight"][0])
    for i in range(c["num_hidden_layers"]):
        at = f"encoder.layer.{i}."
        parts = (linear(f"{at}attention.self.{p}", x) for p in ("query", "key", "value"))
        y = attend(*(heads(t, c["num_attention_heads"]) for t in parts), False)
        x = norm(at + "attention.output.LayerNorm", x + linear(at + "attention.output.dense", y))
        inner = F.gelu(linear(at + "intermediate.dense", x))
        x = norm(at + "output.LayerNorm", x + linear(at + "output.dense", inner))
    return x.mean(0)


def word_pieces(vocabulary, text, most):
    """BERT's: lower case without accents, punctuation and CJK alone, then the longest pieces."""
    text = unicodedata.normalize("NFD", text.lower())
    spaced = ""
    for ch in text:
        kind = unicodedata.category(ch)
        if kind == "Mn":
            continue
        ascii_mark = ch.isascii() and not ch.isalnum() and not ch.isspace()
        alone = kind.startswith("P") or ascii_mark or "\u4e00" <= ch <= "\u9fff"
        spaced += f" {ch} " if alone else ch
    ids = []
    for word in spaced.split():
        at, pieces = 0, []
        while at < len(word):
            prefix = "##" if at else ""
            ends = range(len(word), at, -1)
            end = next((e for e in ends if prefix + word[at:e] in vocabulary), None)
            if end is None:
                pieces = [vocabulary["[UNK]"]]
                break
            pieces.append(vocabulary[prefix + word[at:end]])
            at = end
        ids += pieces
    return [vocabulary["[CLS]"]] + ids[: most - 2] + [vocabulary["[SEP]"]]


def nmse(got, want):
    return float(((got - want) ** 2).sum() / (want**2).sum())


def logit_bounds(run):
    """run(): logits [rows, words] in float64, or rounded under a mode."""
    want = run()
    best = want.topk(2, 1)[0]
    found = {"margins": [round(v, 5) for v in (best[:, 0] - best[:, 1]).tolist()]}
    for name, dtype in TYPES.items():
        with computing(dtype):
            got = run()
        found[name] = {"nmse": nmse(got, want), "largest": float((got - want).abs().max())}
    return want, found


def close(got, want, limit):
    error = float((got - torch.tensor(want, dtype=torch.float64)).abs().max())
    assert error < limit, f"float64 is {error} off the published values"


def stories(shared):
    folder = shared / "models/stories260K"
    golden = json.loads((folder / "golden.json").read_text())
    w, c = weights(folder / "model.safetensors"), json.loads((folder / "config.json").read_text())
    ids = [1] + golden["greedy_ids_200"][:199]
    want, found = logit_bounds(lambda: llama(w, c, ids))
    for position in (0, 99, 199):
        close(want[position], golden[f"logits_pos{position}"], 1e-4)
    assert want.argmax(1).tolist() == golden["greedy_ids_200"]
    return {"ids": ids, **found}


def tiny_gpt2(shared):
    folder = shared / "models/tiny-gpt2"
    rows = json.loads((folder / "golden.json").read_text())["numpy_float64_logits_last_row"]
    w, c = weights(folder / "model.safetensors"), json.loads((folder / "config.json").read_text())
    ids = max(([int(i) for i in key.split(",")] for key in rows), key=lambda i: i[-1])
    want, found = logit_bounds(lambda: gpt2(w, c, ids))
    close(want[-1], rows[",".join(map(str, ids))], 1e-5)
    return {"ids": ids, **found}


def mini_lm(shared):
    folder = shared / "models/all-MiniLM-L6-v2"
    w, c = weights(folder / "model.safetensors"), json.loads((folder / "config.json").read_text())
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    least = dict.fromkeys(TYPES, 1.0)
    for case in json.loads((shared / "golden/minilm.json").read_text()):
        ids = word_pieces(vocabulary, case["text"], 128)
        want = torch.tensor(case["embedding"], dtype=torch.float64)
        same = float(F.cosine_similarity(bert(w, c, ids), want, 0))
        assert same > 0.99999, f"float64 has cosine {same} for {case['text'][:40]}"
        for name, dtype in TYPES.items():
            with computing(dtype):
                got = bert(w, c, ids)
            least[name] = min(least[name], float(F.cosine_similarity(got, want, 0)))
    return {name: {"cosine": value} for name, value in least.items()}


def seq2seq():
    reference.layer_norm = kernel(reference.layer_norm)
    reference.rms_norm = kernel(reference.rms_norm)
    reference.gelu_tanh = kernel(reference.gelu_tanh)
    runs = {}
    for seed, (name, (compute, config)) in enumerate(reference.MODELS.items()):
        parameters = reference.Tensors(seed)
        runs[name] = lambda s, t, f=compute, p=parameters, c=config: f(p, c, s, t)
    for seed, (name, config) in enumerate(transformer.MODELS.items()):
        parameters = reference.Tensors(100 + seed)
        runs[name] = lambda s, t, n=name, c=config, p=parameters: transformer.Model(n, c, p).run(s, t)
    found = {}
    for name, run in runs.items():
        want = both(run)
        found[name] = {}
        for type, dtype in TYPES.items():
            with computing(dtype):
                got = both(run)
            found[name][type] = {"memory": nmse(got[0], want[0]), "logits": nmse(got[1], want[1])}
    return found


def both(run):
    cases = [run(s, t) for s, t in zip(reference.SOURCES, reference.TARGETS)]
    return torch.cat([m for m, _ in cases]), torch.cat([l for _, l in cases])


def main():
    shared = pathlib.Path(sys.argv[1])
    bounds = {
        "stories260K": stories(shared),
        "tiny-gpt2": tiny_gpt2(shared),
        "all-MiniLM-L6-v2": mini_lm(shared),
        **seq2seq(),
    }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(b)}" for name, b in bounds.items())
    (HERE / "bounds.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    with torch.no_grad():
        main()
