"""PyTorch on the same GPU and shapes as scripts/gpu-check: cuBLAS products, every backend of scaled dot-product attention,
and the decode step of a Llama under a CUDA graph. Writes one JSON: {"version": ..., "ms": {case: milliseconds}}.

    python3 torch_gpu.py SHAPES.json full OUT.json
"""

import json
import statistics
import sys

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

BF16 = torch.bfloat16
BACKENDS = {
    "flash": SDPBackend.FLASH_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "math": SDPBackend.MATH,
}


def milliseconds(run, repeats=20):
    """Median time of one call, after warm-up, with the L2 cache cleared before each."""
    cold = torch.empty(256 << 20, dtype=torch.int8, device="cuda")
    for _ in range(5):
        run()
    times = []
    for _ in range(repeats):
        cold.zero_()
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        run()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times)


def normal(*shape):
    return torch.randn(*shape, device="cuda", dtype=BF16)


def products(shapes, ms):
    for kind in ("matmul", "matvec"):
        for m, n, k in shapes[kind]:
            x, w = normal(m, k), normal(n, k)
            ms[f"{kind} {m}x{n}x{k}"] = milliseconds(lambda: F.linear(x, w))


def attention(shapes, ms):
    for kind in ("attention", "decodeAttention"):
        for b, keys, heads, kv_heads, size in shapes[kind]:
            queries = keys if kind == "attention" else 1
            q = normal(b, heads, queries, size)
            k, v = (normal(b, kv_heads, keys, size) for _ in range(2))
            for name, backend in BACKENDS.items():
                case = f"{kind} {b}x{keys} heads {heads}/{kv_heads} size {size}"
                try:
                    with sdpa_kernel(backend):
                        causal = kind == "attention"
                        run = lambda: F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=heads != kv_heads)
                        ms[f"{case} [{name}]"] = milliseconds(run)
                except RuntimeError as e:
                    print(f"{case} [{name}]: not available: {str(e).splitlines()[0]}", file=sys.stderr)


class Llama:
    """Random weights; the last tokens that a filled cache holds, as a benchmark's step."""

    def __init__(self, c, tokens):
        self.c, self.tokens = c, tokens
        h, f, d = c["hidden"], c["feedForward"], c["headSize"]
        qkv = (c["heads"] + 2 * c["kvHeads"]) * d
        self.layers = [
            {
                "qkv": normal(qkv, h) * 0.02,
                "o": normal(h, c["heads"] * d) * 0.02,
                "up": normal(2 * f, h) * 0.02,
                "down": normal(h, f) * 0.02,
                "k": normal(1, c["kvHeads"], c["context"], d),
                "v": normal(1, c["kvHeads"], c["context"], d),
            }
            for _ in range(c["layers"])
        ]
        self.head = normal(c["vocabulary"], h) * 0.02
        self.norm = torch.ones(h, device="cuda", dtype=BF16)
        angle = torch.randn(d // 2, device="cuda")
        self.cos, self.sin = angle.cos().to(BF16), angle.sin().to(BF16)
        self.table = normal(c["vocabulary"], h)
        self.ids = torch.zeros(tokens, device="cuda", dtype=torch.int64)
        self.token = torch.zeros(1, device="cuda", dtype=torch.int64)

    def rotate(self, x):
        a, b = x.chunk(2, -1)
        return torch.cat((a * self.cos - b * self.sin, a * self.sin + b * self.cos), -1)

    def step(self):
        c, n = self.c, self.tokens
        d, heads, kv = c["headSize"], c["heads"], c["kvHeads"]
        x = self.table[self.ids]
        for layer in self.layers:
            y = F.linear(F.rms_norm(x, (c["hidden"],), self.norm), layer["qkv"])
            y = y.view(1, n, -1, d).transpose(1, 2)
            q, k, v = y.split((heads, kv, kv), 1)
            layer["k"][:, :, -n:] = self.rotate(k)
            layer["v"][:, :, -n:] = v
            y = F.scaled_dot_product_attention(
                self.rotate(q), layer["k"], layer["v"], is_causal=n > 1, enable_gqa=True)
            x = x + F.linear(y.transpose(1, 2).reshape(n, heads * d), layer["o"])
            gate, up = F.linear(F.rms_norm(x, (c["hidden"],), self.norm), layer["up"]).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, layer["down"])
        logits = F.linear(F.rms_norm(x[-1:], (c["hidden"],), self.norm), self.head)
        self.token.copy_(logits.argmax(-1))


def llama(shapes, name, tokens, ms):
    model = Llama(shapes["llama"], tokens)
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            model.step()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        model.step()
    ms[name] = milliseconds(graph.replay)


def main():
    shapes_file, which, out = sys.argv[1:]
    if not torch.cuda.is_available():
        sys.exit("torch_gpu: PyTorch sees no GPU")
    shapes = json.load(open(shapes_file))[which]
    ms = {}
    with torch.inference_mode():
        products(shapes, ms)
        attention(shapes, ms)
        context = shapes["llama"]["context"]
        llama(shapes, f"llama prefill {context}", context, ms)
        llama(shapes, "llama decode", 1, ms)
    version = f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
    json.dump({"version": version, "ms": ms}, open(out, "w"), indent=1)


if __name__ == "__main__":
    main()
