#!/usr/bin/env python3
"""Write a Llama with random weights as a GGUF file: real shapes for benchmarks, no download.

Matrices are F16, drawn from N(0, 0.02); norms are F32 ones. The vocabulary is synthetic, of the
SentencePiece kind: unk 0, bos 1, eos 2, the 256 byte tokens, then pieces that merge from shorter
ones, so that any text can be encoded. The default shape is TinyLlama 1.1B's. The same arguments
always give the same file.

Format: GGUF version 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
"""

import argparse
import itertools
import os
import struct
import sys
from pathlib import Path

import numpy as np

ALIGNMENT = 32
GGUF_VERSION = 3
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9  # metadata value types
GGML_F32, GGML_F16 = 0, 1  # tensor types
FILE_TYPE_MOSTLY_F16 = 1
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6  # token types
SPACE = "\u2581"  # SentencePiece writes a space as this
LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
CHUNK = 1 << 22  # elements drawn at a time


def gguf_string(text):
    data = text.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


SCALARS = {
    UINT32: lambda v: struct.pack("<I", v),
    INT32: lambda v: struct.pack("<i", v),
    FLOAT32: lambda v: struct.pack("<f", v),
    BOOL: lambda v: struct.pack("<?", v),
    STRING: gguf_string,
}


def entry(key, kind, value):
    """One metadata entry: key, type, value."""
    return gguf_string(key) + struct.pack("<I", kind) + SCALARS[kind](value)


def array_entry(key, kind, values):
    head = gguf_string(key) + struct.pack("<IIQ", ARRAY, kind, len(values))
    return head + b"".join(map(SCALARS[kind], values))


def pieces():
    """All text pieces, most frequent first. Each is the concatenation of two earlier ones."""
    printable = [chr(c) for c in range(ord("!"), ord("~") + 1)]
    pairs = [a + b for a, b in itertools.product(LETTERS, LETTERS)]
    yield SPACE
    yield from printable
    yield from (SPACE + letter for letter in LETTERS)
    yield from pairs
    yield from (SPACE + pair for pair in pairs)
    for a, b in itertools.product(pairs, pairs):
        yield a + b
        yield SPACE + a + b


def vocabulary(size):
    """tokens, scores and token types, each of the given size."""
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    types = [UNKNOWN, CONTROL, CONTROL] + [BYTE] * 256
    scores = [0.0] * len(tokens)
    text = list(itertools.islice(pieces(), max(0, size - len(tokens))))
    if len(tokens) + len(text) != size:
        most = len(tokens) + sum(1 for _ in pieces())
        raise ValueError(f"--vocab {size}: the synthetic vocabulary has {len(tokens)} to {most} tokens")
    tokens += text
    types += [NORMAL] * len(text)
    scores += [-float(rank) for rank in range(len(text))]  # a better score merges first
    return tokens, scores, types


def metadata(args):
    tokens, scores, types = vocabulary(args.vocab)
    return [
        entry("general.architecture", STRING, "llama"),
        entry("general.name", STRING, f"random llama, seed {args.seed}"),
        entry("general.file_type", UINT32, FILE_TYPE_MOSTLY_F16),
        entry("general.alignment", UINT32, ALIGNMENT),
        entry("llama.vocab_size", UINT32, args.vocab),
        entry("llama.context_length", UINT32, args.context),
        entry("llama.embedding_length", UINT32, args.hidden),
        entry("llama.block_count", UINT32, args.layers),
        entry("llama.feed_forward_length", UINT32, args.ffn),
        entry("llama.rope.dimension_count", UINT32, args.hidden // args.heads),
        entry("llama.rope.freq_base", FLOAT32, 10000.0),
        entry("llama.attention.head_count", UINT32, args.heads),
        entry("llama.attention.head_count_kv", UINT32, args.kv_heads),
        entry("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5),
        entry("tokenizer.ggml.model", STRING, "llama"),
        entry("tokenizer.ggml.pre", STRING, "default"),
        array_entry("tokenizer.ggml.tokens", STRING, tokens),
        array_entry("tokenizer.ggml.scores", FLOAT32, scores),
        array_entry("tokenizer.ggml.token_type", INT32, types),
        entry("tokenizer.ggml.bos_token_id", UINT32, 1),
        entry("tokenizer.ggml.eos_token_id", UINT32, 2),
        entry("tokenizer.ggml.unknown_token_id", UINT32, 0),
        entry("tokenizer.ggml.add_bos_token", BOOL, True),
        entry("tokenizer.ggml.add_eos_token", BOOL, False),
    ]


def tensors(args):
    """(name, shape) of every tensor; a matrix is [rows out, columns in], a norm [size]."""
    kv = args.hidden // args.heads * args.kv_heads
    yield "token_embd.weight", (args.vocab, args.hidden)
    for layer in range(args.layers):
        block = f"blk.{layer}."
        yield block + "attn_norm.weight", (args.hidden,)
        yield block + "attn_q.weight", (args.hidden, args.hidden)
        yield block + "attn_k.weight", (kv, args.hidden)
        yield block + "attn_v.weight", (kv, args.hidden)
        yield block + "attn_output.weight", (args.hidden, args.hidden)
        yield block + "ffn_norm.weight", (args.hidden,)
        yield block + "ffn_gate.weight", (args.ffn, args.hidden)
        yield block + "ffn_up.weight", (args.ffn, args.hidden)
        yield block + "ffn_down.weight", (args.hidden, args.ffn)
    yield "output_norm.weight", (args.hidden,)
    yield "output.weight", (args.vocab, args.hidden)


def byte_size(shape):
    return int(np.prod(shape)) * (2 if len(shape) == 2 else 4)


def padding(position):
    return bytes(-position % ALIGNMENT)


def header(args, shapes):
    entries = metadata(args)
    parts = [b"GGUF", struct.pack("<IQQ", GGUF_VERSION, len(shapes), len(entries)), *entries]
    offset = 0
    for name, shape in shapes:
        dims = shape[::-1]  # GGUF names the contiguous dimension first
        kind = GGML_F16 if len(shape) == 2 else GGML_F32
        parts.append(gguf_string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset))
        offset += byte_size(shape) + len(padding(byte_size(shape)))
    head = b"".join(parts)
    return head + padding(len(head))


def write_matrix(file, shape, rng):
    left = int(np.prod(shape))
    while left > 0:
        count = min(left, CHUNK)
        values = rng.standard_normal(count, dtype=np.float32) * np.float32(0.02)
        file.write(values.astype("<f2").tobytes())
        left -= count


def write(args, path):
    shapes = list(tensors(args))
    with open(path, "wb") as file:
        file.write(header(args, shapes))
        for index, (name, shape) in enumerate(shapes):
            if len(shape) == 1:
                file.write(np.ones(shape, dtype="<f4").tobytes())
            else:
                write_matrix(file, shape, np.random.default_rng([args.seed, index]))
            file.write(padding(byte_size(shape)))
            progress(index + 1, len(shapes), name)


def progress(done, total, name):
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{done}/{total} {name:40}", end=end, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    numbers = {
        "hidden": 2048,
        "layers": 22,
        "heads": 32,
        "kv-heads": 4,
        "ffn": 5632,
        "vocab": 32000,
        "context": 2048,
    }
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default {default}")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument("--out", type=Path, default=Path("llama-1b-F16.gguf"), help="default %(default)s")
    args = parser.parse_args()
    for name in numbers:
        if getattr(args, name.replace("-", "_")) < 1:
            parser.error(f"--{name} must be at least 1")
    if args.hidden % args.heads or args.hidden // args.heads % 2:
        parser.error(f"--hidden {args.hidden} must be --heads {args.heads} times an even head size")
    if args.heads % args.kv_heads:
        parser.error(f"--heads {args.heads} must be a multiple of --kv-heads {args.kv_heads}")
    return parser, args


def main():
    parser, args = arguments()
    part = args.out.with_name(args.out.name + ".part")
    try:
        write(args, part)
        os.replace(part, args.out)
    except ValueError as e:
        parser.error(str(e))
    except OSError as e:
        parser.exit(1, f"cannot write {args.out}: {e.strerror}\n")
    finally:
        part.unlink(missing_ok=True)
    print(f"{args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
