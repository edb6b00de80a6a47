"""A byte-level BPE tokenizer in the `tokenizer.json` format of Hugging Face: training, writing, encoding, decoding.

GPT-2's scheme: a regular expression cuts the text into words, each word's UTF-8 bytes become printable characters,
and merges join them, best rank first (Sennrich et al. 2016; Radford et al. 2019).
"""

import collections
import json

import regex

WORDS = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
BOS, EOS = "<s>", "</s>"


def byte_characters():
    """byte -> printable character, as in GPT-2: printable Latin-1 stays, the rest moves to U+0100 and up."""
    keep = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {b: chr(b) for b in keep}
    for b in range(256):
        if b not in table:
            table[b] = chr(0x100 + len(table) - len(keep))
    return table


TO_CHARACTER = byte_characters()
TO_BYTE = {c: b for b, c in TO_CHARACTER.items()}


def merge_word(word, pair):
    out, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and word[i] == pair[0] and word[i + 1] == pair[1]:
            out.append(word[i] + word[i + 1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


class Tokenizer:
    def __init__(self, vocabulary, merges):
        self.vocabulary, self.merges = vocabulary, merges
        self.ranks = {pair: i for i, pair in enumerate(merges)}
        self.tokens = {i: t for t, i in vocabulary.items()}
        self.bos, self.eos = vocabulary[BOS], vocabulary[EOS]
        self.cache = {}

    def encode(self, text):
        """Ids of the text, without special tokens."""
        ids = []
        for word in WORDS.findall(text):
            if word not in self.cache:
                self.cache[word] = self._encode_word(word)
            ids.extend(self.cache[word])
        return ids

    def _encode_word(self, word):
        parts = [TO_CHARACTER[b] for b in word.encode("utf-8")]
        while len(parts) > 1:
            pair = min(zip(parts, parts[1:]), key=lambda p: self.ranks.get(p, len(self.ranks)))
            if pair not in self.ranks:
                break
            parts = merge_word(parts, pair)
        return [self.vocabulary[p] for p in parts]

    def decode(self, ids):
        """The text of the ids; special tokens give nothing."""
        text = "".join(self.tokens[i] for i in ids if i not in (self.bos, self.eos))
        return bytes(TO_BYTE[c] for c in text).decode("utf-8", errors="replace")

    def save(self, path):
        special = lambda token: {"id": self.vocabulary[token], "content": token, "single_word": False, "lstrip": False,
                                 "rstrip": False, "normalized": False, "special": True}
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        bos = {"SpecialToken": {"id": BOS, "type_id": 0}}
        sequence = lambda name, type_id: {"Sequence": {"id": name, "type_id": type_id}}
        content = {
            "version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [special(BOS), special(EOS)],
            "normalizer": None, "pre_tokenizer": level,
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [bos, sequence("A", 0)],
                "pair": [bos, sequence("A", 0), {"SpecialToken": {"id": BOS, "type_id": 1}}, sequence("B", 1)],
                "special_tokens": {BOS: {"id": BOS, "ids": [self.bos], "tokens": [BOS]}}},
            "decoder": level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                      "vocab": self.vocabulary, "merges": [a + " " + b for a, b in self.merges]}}
        with open(path, "w", encoding="utf-8") as out:
            json.dump(content, out, ensure_ascii=False, indent=0)

    @staticmethod
    def load(path):
        with open(path, encoding="utf-8") as file:
            model = json.load(file)["model"]
        return Tokenizer(model["vocab"], [tuple(m.split(" ")) for m in model["merges"]])


def train(texts, size):
    """Learns merges from the texts until the vocabulary has `size` entries (or no pair is left that occurs twice)."""
    counts = collections.Counter(word for text in texts for word in WORDS.findall(text))
    words = [[TO_CHARACTER[b] for b in word.encode("utf-8")] for word in counts]
    frequency = list(counts.values())
    vocabulary = {BOS: 0, EOS: 1}
    for b in range(256):
        vocabulary[TO_CHARACTER[b]] = len(vocabulary)
    pairs, where = collections.Counter(), collections.defaultdict(set)

    def count(index, sign):
        for pair in zip(words[index], words[index][1:]):
            pairs[pair] += sign * frequency[index]
            where[pair].add(index)

    for index in range(len(words)):
        count(index, 1)
    merges = []
    while len(vocabulary) < size:
        best = max(pairs, key=lambda p: (pairs[p], p))  # ties: the greater pair, so that a rerun gives the same
        if pairs[best] < 2:
            break
        merges.append(best)
        vocabulary[best[0] + best[1]] = len(vocabulary)
        for index in list(where[best]):
            count(index, -1)
            words[index] = merge_word(words[index], best)
            count(index, 1)
        pairs = +pairs
    return Tokenizer(vocabulary, merges)
