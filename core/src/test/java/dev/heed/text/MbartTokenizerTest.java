package dev.heed.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MbartTokenizerTest {
  /** Words with the special tokens around them that mBART's files name. */
  private static Tokenizer tokenizer(String before, String after) {
    String special =
        """
        {"id":%d,"content":"%s","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}""";
    String template = "{\"SpecialToken\":{\"id\":\"%s\",\"type_id\":0}}";
    String text = "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}";
    String single =
        before.isEmpty()
            ? text + "," + template.formatted("</s>") + "," + template.formatted(after)
            : template.formatted(before) + "," + text + "," + template.formatted("</s>");
    return Tokenizer.fromJson(
        "mbart",
        """
        {"version":"1.0","truncation":null,"padding":null,"added_tokens":[%s,%s,%s],"normalizer":null,
         "pre_tokenizer":{"type":"Whitespace"},"decoder":null,
         "post_processor":{"type":"TemplateProcessing","single":[%s],"pair":[%s],
          "special_tokens":{"</s>":{"id":"</s>","ids":[0],"tokens":["</s>"]},
           "en_XX":{"id":"en_XX","ids":[3],"tokens":["en_XX"]}}},
         "model":{"type":"WordLevel","unk_token":"a","vocab":{"</s>":0,"a":1,"b":2,"en_XX":3,"de_DE":4}}}
        """
            .formatted(
                special.formatted(0, "</s>"),
                special.formatted(3, "en_XX"),
                special.formatted(4, "de_DE"),
                single,
                single));
  }

  @ParameterizedTest
  @CsvSource({"en_XX, '', 3 1 2 0, 4 1 2 0", "'', en_XX, 1 2 0 3, 1 2 0 4"})
  void aCodeTakesThePlaceOfTheUsualOne(String before, String after, String usual, String german) {
    try (Tokenizer tokenizer = tokenizer(before, after)) {
      Seq2SeqTokenizer mbart = Seq2SeqTokenizer.mbart("mbart", tokenizer);
      assertArrayEquals(ints(usual), mbart.encodeSource("a b"));
      assertArrayEquals(ints(usual), mbart.encodeSource("en_XX a b"));
      assertArrayEquals(ints(german), mbart.encodeSource("de_DE a b"));
      assertArrayEquals(new int[] {4}, mbart.encodeTarget("de_DE"));
      assertEquals("a b", mbart.decodeTarget(new int[] {4, 1, 2, 0}));
    }
  }

  private static int[] ints(String ids) {
    return java.util.Arrays.stream(ids.split(" ")).mapToInt(Integer::parseInt).toArray();
  }
}
