package dev.heed.text;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a Jinja template into tokens, with white space treated as chat templates expect it: {@code
 * trim_blocks} and {@code lstrip_blocks} on, one line end at the end of the template dropped.
 *
 * <p>Source: the template documentation of Jinja 3, "Whitespace Control".
 */
final class JinjaLexer {
  enum Type {
    TEXT,
    OUTPUT,
    BLOCK,
    END,
    NAME,
    STRING,
    NUMBER,
    OPERATOR
  }

  /** {@code OUTPUT} and {@code BLOCK} open a tag, {@code END} closes either. */
  record Token(Type type, String text, int line) {
    boolean is(Type wanted, String value) {
      return type == wanted && text.equals(value);
    }
  }

  private static final List<String> LONG_OPERATORS = List.of("==", "!=", "<=", ">=", "//", "**");
  private static final String OPERATORS = "+-*/%~<>=()[]{},.:|";

  private static final Pattern HEX4 = Pattern.compile("[0-9a-fA-F]{4}");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;
  private boolean stripNext; // the tag before ended with a dash
  private boolean trimNext; // the tag before was a block or comment

  private JinjaLexer(String source) {
    this.source = source;
  }

  /** The tokens of {@code source}; never ends inside a tag. */
  static List<Token> tokens(String source) {
    String unix = source.replace("\r\n", "\n");
    JinjaLexer lexer =
        new JinjaLexer(unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix);
    while (lexer.at < lexer.source.length()) {
      lexer.text();
    }
    return lexer.tokens;
  }

  /** Text up to the next tag, then that tag. */
  private void text() {
    int open = source.indexOf('{', at);
    while (open >= 0 && (open + 1 == source.length() || "{%#".indexOf(charAt(open + 1)) < 0)) {
      open = source.indexOf('{', open + 1);
    }
    int end = open < 0 ? source.length() : open;
    addText(source.substring(at, end), open);
    advance(end);
    if (open >= 0) {
      tag(charAt(open + 1));
    }
  }

  private void addText(String raw, int open) {
    String text = raw;
    if (stripNext) {
      text = text.stripLeading();
    } else if (trimNext && text.startsWith("\n")) {
      text = text.substring(1);
    }
    stripNext = false;
    trimNext = false;
    if (open >= 0) {
      char sign = open + 2 < source.length() ? charAt(open + 2) : ' ';
      if (sign == '-') {
        text = text.stripTrailing();
      } else if (sign != '+' && charAt(open + 1) != '{') {
        text = withoutIndent(text, raw);
      }
    }
    if (!text.isEmpty()) {
      tokens.add(new Token(Type.TEXT, text, line));
    }
  }

  /** Without the blanks between the start of the line and a block tag. */
  private String withoutIndent(String text, String raw) {
    int end = text.length();
    while (end > 0 && (text.charAt(end - 1) == ' ' || text.charAt(end - 1) == '\t')) {
      end--;
    }
    boolean lineStart =
        end > 0
            ? text.charAt(end - 1) == '\n'
            : at + raw.length() - text.length() == 0
                || charAt(at + raw.length() - text.length() - 1) == '\n';
    return lineStart ? text.substring(0, end) : text;
  }

  private void tag(char kind) {
    advance(at + 2);
    if (kind == '#') {
      int end = source.indexOf("#}", at);
      if (end < 0) {
        throw error("a comment that does not end");
      }
      stripNext = end > at && charAt(end - 1) == '-';
      trimNext = true;
      advance(end + 2);
      return;
    }
    if (at < source.length() && (charAt(at) == '-' || charAt(at) == '+')) {
      at++;
    }
    int first = tokens.size();
    tokens.add(new Token(kind == '{' ? Type.OUTPUT : Type.BLOCK, "", line));
    inside(kind == '{' ? "}}" : "%}");
    trimNext = kind == '%';
    if (tokens.size() == first + 3 && tokens.get(first + 1).is(Type.NAME, "raw")) {
      raw(first);
    }
  }

  /** The text up to {@code endraw} stands for itself. */
  private void raw(int first) {
    tokens.subList(first, tokens.size()).clear();
    Matcher end = Pattern.compile("\\{%-?\\s*endraw\\s*-?%\\}").matcher(source);
    if (!end.find(at)) {
      throw error("raw without endraw");
    }
    tokens.add(new Token(Type.TEXT, source.substring(at, end.start()), line));
    advance(end.end());
  }

  /** Tokens up to the end of the tag; braces of a dictionary are not its end. */
  private void inside(String close) {
    Deque<Character> open = new ArrayDeque<>();
    while (true) {
      while (at < source.length() && Character.isWhitespace(charAt(at))) {
        advance(at + 1);
      }
      if (at >= source.length()) {
        throw error("a tag that does not end");
      }
      boolean dash = source.startsWith("-" + close, at);
      if (dash || (source.startsWith(close, at) && open.isEmpty())) {
        stripNext = dash;
        advance(at + (dash ? 3 : 2));
        tokens.add(new Token(Type.END, "", line));
        return;
      }
      token(open);
    }
  }

  private void token(Deque<Character> open) {
    char c = charAt(at);
    if (c == '"' || c == '\'') {
      string(c);
    } else if (Character.isDigit(c)) {
      int end = at;
      while (end < source.length() && (Character.isDigit(charAt(end)) || isPoint(end))) {
        end++;
      }
      add(Type.NUMBER, end);
    } else if (Character.isJavaIdentifierStart(c)) {
      int end = at;
      while (end < source.length() && Character.isJavaIdentifierPart(charAt(end))) {
        end++;
      }
      add(Type.NAME, end);
    } else {
      if ("([{".indexOf(c) >= 0) {
        open.push(c);
      } else if (")]}".indexOf(c) >= 0 && !open.isEmpty()) {
        open.pop();
      }
      operator(c);
    }
  }

  private boolean isPoint(int i) {
    return charAt(i) == '.' && i + 1 < source.length() && Character.isDigit(charAt(i + 1));
  }

  private void operator(char c) {
    for (String op : LONG_OPERATORS) {
      if (source.startsWith(op, at)) {
        add(Type.OPERATOR, at + 2);
        return;
      }
    }
    if (OPERATORS.indexOf(c) < 0) {
      throw error("unexpected '" + c + "'");
    }
    add(Type.OPERATOR, at + 1);
  }

  private void string(char quote) {
    StringBuilder out = new StringBuilder();
    int i = at + 1;
    while (i < source.length() && charAt(i) != quote) {
      char c = charAt(i++);
      if (c == '\\' && i < source.length()) {
        i = escape(out, i);
      } else {
        out.append(c);
      }
    }
    if (i >= source.length()) {
      throw error("a string that does not end");
    }
    tokens.add(new Token(Type.STRING, out.toString(), line));
    advance(i + 1);
  }

  /** What a backslash before {@code i} makes of the characters there; where the next one is. */
  private int escape(StringBuilder out, int i) {
    char c = charAt(i);
    switch (c) {
      case 'n' -> out.append('\n');
      case 't' -> out.append('\t');
      case 'r' -> out.append('\r');
      case '\\', '\'', '"' -> out.append(c);
      case '\n' -> {} // the line goes on
      case 'u' -> {
        Matcher hex = HEX4.matcher(source).region(i + 1, source.length());
        if (!hex.lookingAt()) {
          throw error("\\u without four hexadecimal digits");
        }
        out.append((char) Integer.parseInt(hex.group(), 16));
        return i + 5;
      }
      default -> out.append('\\').append(c);
    }
    return i + 1;
  }

  private void add(Type type, int end) {
    tokens.add(new Token(type, source.substring(at, end), line));
    advance(end);
  }

  private void advance(int to) {
    for (; at < to; at++) {
      line += charAt(at) == '\n' ? 1 : 0;
    }
  }

  private char charAt(int i) {
    return source.charAt(i);
  }

  private TokenizerException error(String problem) {
    return new TokenizerException("chat template, line %d: %s".formatted(line, problem));
  }
}
