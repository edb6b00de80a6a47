package dev.heed.text;

import dev.heed.text.JinjaStatements.Namespace;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Writes a conversation the way a model was trained to read it, by the Jinja template that comes
 * with the model. Encode the result without adding special tokens: the template writes its own.
 *
 * <p>Understood are: text and expressions with Python's operators, slices, dictionaries and string
 * methods; {@code if}, {@code for} (with filter, else, break, continue and {@code loop}), {@code
 * set}, {@code macro}, {@code generation}, {@code raw}; {@code namespace}, {@code range}, {@code
 * raise_exception}, {@code strftime_now}, {@code dict}; the filters and tests of {@link
 * JinjaFilters}. Anything else is an error that names the line. Templates are bounded in steps and
 * output.
 *
 * <p>Immutable; serves many threads.
 */
public final class ChatTemplate {
  private static final Map<Character, String> DATE_PATTERNS =
      Map.of(
          'd', "dd", 'b', "MMM", 'B', "MMMM", 'Y', "yyyy", 'm', "MM", 'y', "yy", 'A', "EEEE", 'H',
          "HH", 'M', "mm", 'S', "ss");

  private final JinjaStatements.Statement template;
  private final Map<String, String> tokens;

  /**
   * One turn.
   *
   * @param role usually {@code system}, {@code user} or {@code assistant}
   */
  public record Message(String role, String content) {}

  /**
   * A template.
   *
   * @param tokens what {@code bos_token}, {@code eos_token} and their like stand for
   * @throws TokenizerException if it cannot be understood
   */
  public ChatTemplate(String template, Map<String, String> tokens) {
    this.template = JinjaStatements.parse(template);
    this.tokens = Map.copyOf(tokens);
  }

  /**
   * The text of {@code messages}.
   *
   * @param addGenerationPrompt also writes what comes before the assistant's next turn
   * @throws TokenizerException if the template refuses the messages, or fails
   */
  public String render(List<Message> messages, boolean addGenerationPrompt) {
    return render(messages, addGenerationPrompt, Map.of());
  }

  /**
   * The text of {@code messages}, with further variables that the template knows.
   *
   * @param variables strings, booleans, longs, doubles, lists and maps of these
   */
  public String render(
      List<Message> messages, boolean addGenerationPrompt, Map<String, Object> variables) {
    List<Object> turns = new ArrayList<>();
    for (Message message : messages) {
      turns.add(Map.of("role", message.role(), "content", message.content()));
    }
    Map<String, Object> all = new HashMap<>(tokens);
    all.put("messages", turns);
    all.put("add_generation_prompt", addGenerationPrompt);
    all.putAll(functions());
    all.putAll(variables);
    JinjaScope scope = new JinjaScope(all);
    try {
      template.run(scope);
    } catch (StackOverflowError e) {
      throw new TokenizerException("chat template: a macro calls itself without end", e);
    }
    return scope.output();
  }

  private static Map<String, JinjaValues.Function> functions() {
    return Map.of(
        "namespace", (values, named) -> new Namespace(named),
        "dict", (values, named) -> new HashMap<>(named),
        "range", (values, named) -> JinjaValues.range(values),
        "raise_exception", (values, named) -> refuse(values),
        "strftime_now", (values, named) -> now(values));
  }

  private static Object refuse(List<Object> values) {
    throw new TokenizerException(
        "the chat template refuses the messages: "
            + (values.isEmpty() ? "no reason given" : JinjaValues.text(values.get(0))));
  }

  /** The time of day by C's {@code strftime}. */
  private static String now(List<Object> values) {
    String format = values.isEmpty() ? "%d %b %Y" : JinjaValues.text(values.get(0));
    StringBuilder out = new StringBuilder();
    LocalDateTime now = LocalDateTime.now();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      String pattern = DATE_PATTERNS.get(format.charAt(++i));
      if (pattern == null) {
        throw JinjaValues.error("strftime_now does not know %" + format.charAt(i));
      }
      out.append(now.format(DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH)));
    }
    return out.toString();
  }
}
