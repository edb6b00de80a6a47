package dev.heed.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.Shared;
import dev.heed.text.ChatTemplate.Message;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChatTemplateTest {
  private static final Map<String, String> TOKENS = Map.of("bos_token", "<s>", "eos_token", "</s>");
  private static final List<Message> CHAT =
      List.of(
          new Message("system", "Be brief."),
          new Message("user", "Hi"),
          new Message("assistant", "Hello."),
          new Message("user", " Bye "));

  private static String render(String template, List<Message> messages, boolean prompt) {
    return new ChatTemplate(template, TOKENS).render(messages, prompt);
  }

  /** Python's values as Java's. */
  private static Object value(JsonNode node) {
    if (node.isArray()) {
      List<Object> out = new ArrayList<>();
      node.forEach(n -> out.add(value(n)));
      return out;
    }
    if (node.isObject()) {
      Map<String, Object> out = new LinkedHashMap<>();
      node.properties().forEach(e -> out.put(e.getKey(), value(e.getValue())));
      return out;
    }
    return switch (node.getNodeType()) {
      case STRING -> node.asText();
      case BOOLEAN -> node.asBoolean();
      case NUMBER -> node.isIntegralNumber() ? (Object) node.asLong() : (Object) node.asDouble();
      default -> null;
    };
  }

  @Test
  void rendersAsJinjaDoes() throws IOException {
    JsonNode all;
    try (InputStream in = ChatTemplateTest.class.getResourceAsStream("jinja.json")) {
      all = new ObjectMapper().readTree(in);
    }
    Map<String, Object> variables = new LinkedHashMap<>();
    all.path("variables").properties().forEach(e -> variables.put(e.getKey(), value(e.getValue())));
    assertEquals(79, all.path("cases").size());
    List<String> wrong = new ArrayList<>();
    for (JsonNode c : all.path("cases")) {
      String got;
      try {
        got =
            new ChatTemplate(c.path("template").asText(), Map.of())
                .render(List.of(), false, variables);
      } catch (TokenizerException e) {
        got = e.getMessage();
      }
      if (!got.equals(c.path("output").asText())) {
        wrong.add("%n%s%n want %s%n got  %s".formatted(c.path("template"), c.path("output"), got));
      }
    }
    assertEquals(List.of(), wrong);
  }

  /** Llama 3's format: a header, two line ends, the text, and the end of the turn. */
  @Test
  void llama3() {
    String template =
        """
        {{- bos_token }}
        {%- for message in messages %}
            {%- set header = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' %}
            {{- header + message['content'] | trim + '<|eot_id|>' }}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
        {%- endif %}
        """;
    assertEquals(
        "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
            + "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
            + "<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
            + "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>"
            + "<|start_header_id|>assistant<|end_header_id|>\n\n",
        render(template, CHAT, true));
  }

  private static final String MISTRAL =
      """
      {%- if messages[0]['role'] == 'system' %}
          {%- set system = messages[0]['content'] %}
          {%- set turns = messages[1:] %}
      {%- else %}
          {%- set turns = messages %}
      {%- endif %}
      {{- bos_token }}
      {%- for turn in turns %}
          {%- if (turn.role == 'user') != (loop.index0 % 2 == 0) %}
              {{- raise_exception('roles must take turns') }}
          {%- endif %}
          {%- if turn.role == 'user' %}
              {%- if loop.last and system is defined %}
                  {{- '[INST] ' ~ system ~ '\\n\\n' ~ turn.content ~ '[/INST]' }}
              {%- else %}
                  {{- '[INST] ' ~ turn.content ~ '[/INST]' }}
              {%- endif %}
          {%- else %}
              {{- ' ' + turn.content + eos_token }}
          {%- endif %}
      {%- endfor %}
      """;

  /** Mistral's format: instructions in brackets, the system's words with the last of them. */
  @Test
  void mistral() {
    assertEquals(
        "<s>[INST] Hi[/INST] Hello.</s>[INST] Be brief.\n\n Bye [/INST]",
        render(MISTRAL, CHAT, true));
    assertEquals("<s>[INST] Hi[/INST]", render(MISTRAL, CHAT.subList(1, 2), true));
    var e = assertThrows(TokenizerException.class, () -> render(MISTRAL, CHAT.subList(2, 4), true));
    assertEquals("the chat template refuses the messages: roles must take turns", e.getMessage());
  }

  /** ChatML, and Qwen 2.5's habit of a system turn where the messages have none. */
  @Test
  void chatMl() {
    String template =
        """
        {%- if messages[0].role != 'system' %}
            {{- '<|im_start|>system\\nYou are kind.<|im_end|>\\n' }}
        {%- endif %}
        {%- for message in messages %}
            {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|im_start|>assistant\\n' }}
        {%- endif %}
        """;
    assertEquals(
        "<|im_start|>system\nYou are kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
            + "<|im_start|>assistant\n",
        render(template, CHAT.subList(1, 2), true));
    assertEquals(
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n",
        render(template, CHAT.subList(0, 2), false));
  }

  /** Zephyr's format, with line ends outside the tags, which block tags swallow. */
  @Test
  void zephyr() {
    String template =
        """
        {% for message in messages %}
        {% if message['role'] == 'user' %}
        {{ '<|user|>\\n' + message['content'] + eos_token }}
        {% elif message['role'] == 'system' %}
        {{ '<|system|>\\n' + message['content'] + eos_token }}
        {% elif message['role'] == 'assistant' %}
        {{ '<|assistant|>\\n' + message['content'] + eos_token }}
        {% endif %}
        {% if loop.last and add_generation_prompt %}
        {{ '<|assistant|>' }}
        {% endif %}
        {% endfor %}
        """;
    assertEquals(
        "<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\n",
        render(template, CHAT.subList(0, 2), true));
  }

  /** Phi-3's own templates: Microsoft's, and the earlier one that a GGUF file carries. */
  @Test
  void phi3() {
    try (Tokenizer t = Tokenizer.load(Shared.require("models/tokenizers/phi-3-mini"))) {
      ChatTemplate template = t.chatTemplate().orElseThrow();
      String start = "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n";
      assertEquals(start + "<|assistant|>\n", template.render(CHAT.subList(0, 2), true));
      assertEquals(start + "<|endoftext|>", template.render(CHAT.subList(0, 2), false));
      assertEquals(32006, t.encode(template.render(CHAT, true), false)[0]);
    }
    String gguf = "models/tokenizers/llama.cpp/ggml-vocab-phi-3.gguf";
    try (Tokenizer t = Tokenizer.load(Shared.require(gguf))) {
      assertEquals(
          "<s><|user|>\nHi<|end|>\n<|assistant|>\n",
          t.chatTemplate().orElseThrow().render(CHAT.subList(1, 2), true));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "{% if x %}a; line 1: one of ",
        "{{ 1 + }}; line 1: an expression is missing",
        "{{ a; line 1: a tag that does not end",
        "{{ 'a }}; line 1: a string that does not end",
        "{% include 'x' %}; line 1: block 'include' is not supported",
        "{% endif %}; line 1: block 'endif' is not supported",
        "{{ 1|nonsense }}; line 1: filter 'nonsense' is unknown",
        "{{ 1 is nonsense }}; line 1: test 'nonsense' is unknown",
        "{{ nonsense(1) }}; line 1: an undefined value is no function that Heed knows",
        "{{ [1, 2 }}; line 1: a tag that does not end",
        "{# x; line 1: a comment that does not end",
        "{% for x y %}{% endfor %}; line 1: expected 'in' in a for block",
      })
  void mistakesAreNamedWithTheirLine(String template, String problem) {
    var e = assertThrows(TokenizerException.class, () -> render(template, CHAT, true));
    assertTrue(e.getMessage().startsWith("chat template, " + problem), e.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "{{ missing.name }}; an undefined value has no 'name'",
        "{{ 'a' + 1 }}; cannot compute a string + a number",
        "{{ 1 // 0 }}; division by zero",
        "{% set x.y = 1 %}; 'x' is no namespace to set 'y' in",
        "{% for a, b in [1] %}{% endfor %}; cannot go through a number",
        "{{ range(1000000) }}; a range of more than 100000 numbers",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}; a macro calls itself without end",
      })
  void failuresAreOneLine(String template, String problem) {
    var e = assertThrows(TokenizerException.class, () -> render(template, CHAT, true));
    assertEquals("chat template: " + problem, e.getMessage());
  }

  @Test
  void hostileTemplatesEnd() {
    String loops = "{% for i in range(99999) %}".repeat(3) + "{% endfor %}".repeat(3);
    var e = assertThrows(TokenizerException.class, () -> render(loops, CHAT, true));
    assertEquals("chat template: takes more than 1000000 steps", e.getMessage());
    String doubling =
        "{% set ns = namespace(x='abcdefgh') %}{% for i in range(60) %}"
            + "{% set ns.x = ns.x + ns.x %}{% endfor %}";
    e = assertThrows(TokenizerException.class, () -> render(doubling, CHAT, true));
    assertEquals("chat template: a string of more than 16777216 characters", e.getMessage());
    String deep = "{{ " + "(".repeat(5000) + "1" + ")".repeat(5000) + " }}";
    e = assertThrows(TokenizerException.class, () -> render(deep, CHAT, true));
    assertEquals("chat template, line 1: nested too deeply", e.getMessage());
    String nested = "{% if true %}".repeat(5000) + "{% endif %}".repeat(5000);
    e = assertThrows(TokenizerException.class, () -> render(nested, CHAT, true));
    assertEquals("chat template, line 1: nested too deeply", e.getMessage());
  }
}
