package dev.heed.text;

/** Small tokenizers, written out, for tests that need no files. */
final class Tiny {
  static final String LLAMA_NAME = "llama";
  static final String GPT2_NAME = "gpt2";

  private Tiny() {}

  static String byName(String name) {
    return name.equals(LLAMA_NAME) ? LLAMA : GPT2;
  }

  /** SentencePiece-like BPE with byte fallback, as Llama 2 has it; {@code <s>} goes in front. */
  static final String LLAMA =
      """
      {"version": "1.0",
       "truncation": {"direction": "Right", "max_length": 3, "strategy": "LongestFirst",
                      "stride": 0},
       "padding": {"strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": null,
                   "pad_id": 0, "pad_type_id": 0, "pad_token": "<unk>"},
       "added_tokens": [
         {"id": 0, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false,
          "normalized": false, "special": true},
         {"id": 1, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
          "normalized": false, "special": true},
         {"id": 2, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false,
          "normalized": false, "special": true}],
       "normalizer": {"type": "Sequence", "normalizers": [
         {"type": "Prepend", "prepend": "▁"},
         {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
       "pre_tokenizer": null,
       "post_processor": {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                    {"Sequence": {"id": "A", "type_id": 0}}],
         "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                  {"Sequence": {"id": "A", "type_id": 0}},
                  {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
       "decoder": {"type": "Sequence", "decoders": [
         {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
         {"type": "ByteFallback"}, {"type": "Fuse"},
         {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
       "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>",
         "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": true,
         "byte_fallback": true,
         "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, %s
                   "▁": 259, "a": 260, "b": 261, "▁a": 262, "▁ab": 263, "é": 264},
         "merges": ["▁ a", "▁a b"]}}
      """
          .formatted(bytes());

  private static String bytes() {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < 256; i++) {
      out.append("\"<0x%02X>\": %d, ".formatted(i, 3 + i));
    }
    return out.toString();
  }

  /** The id of a byte in {@link #LLAMA}. */
  static int idOfByte(int value) {
    return 3 + (value & 0xFF);
  }

  /** GPT-2's byte level, without merges and without {@code model.type}; C3 is {@code Ã}. */
  static final String GPT2 =
      """
      {"version": "1.0", "truncation": null, "padding": null,
       "added_tokens": [{"id": 0, "content": "<|endoftext|>", "single_word": false,
         "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
       "normalizer": null,
       "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
       "post_processor": null,
       "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true},
       "model": {"dropout": null, "unk_token": null, "continuing_subword_prefix": "",
         "end_of_word_suffix": "", "fuse_unk": false,
         "vocab": {"<|endoftext|>": 0, "a": 1, "b": 2, "Ġ": 3, "Ã": 4, "©": 5, "ð": 6, "Ł": 7,
                   "ĺ": 8, "Ģ": 9, "Ġa": 10, "ï": 11, "¿": 12, "½": 13},
         "merges": ["Ġ a"]}}
      """;
}
