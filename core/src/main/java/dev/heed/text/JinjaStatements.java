package dev.heed.text;

import dev.heed.text.JinjaLexer.Token;
import dev.heed.text.JinjaLexer.Type;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The statements of Jinja that chat templates use, made into functions that write. */
final class JinjaStatements extends JinjaParser {
  /** How a statement ended: {@code break} and {@code continue} leave the ones around it. */
  enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  /** A statement, or several. */
  interface Statement {
    Flow run(JinjaScope scope);
  }

  private static final int MAX_NESTING = 50;

  private int nesting;

  private JinjaStatements(List<Token> tokens) {
    super(tokens);
  }

  /** The whole template. */
  static Statement parse(String template) {
    JinjaStatements parser = new JinjaStatements(JinjaLexer.tokens(template));
    return parser.body(Set.of());
  }

  /** Statements up to a block that starts with one of {@code ends}, which is read, or the end. */
  private Statement body(Set<String> ends) {
    if (++nesting > MAX_NESTING) {
      throw error("nested too deeply");
    }
    List<Statement> all = new ArrayList<>();
    while (hasNext()) {
      Token token = next();
      if (token.type() == Type.TEXT) {
        all.add(write(s -> token.text()));
      } else if (token.type() == Type.OUTPUT) {
        all.add(write(expression()));
        end();
      } else if (ends.contains(peek().text())) {
        nesting--;
        return sequence(all);
      } else {
        all.add(block(next()));
      }
    }
    if (!ends.isEmpty()) {
      throw error("one of " + ends + " is missing");
    }
    nesting--;
    return sequence(all);
  }

  private static Statement write(Expression value) {
    return s -> {
      s.step();
      Object written = value.of(s);
      s.write(written == JinjaValues.UNDEFINED ? "" : JinjaValues.text(written));
      return Flow.NEXT;
    };
  }

  private static Statement sequence(List<Statement> all) {
    return s -> {
      for (Statement statement : all) {
        Flow flow = statement.run(s);
        if (flow != Flow.NEXT) {
          return flow;
        }
      }
      return Flow.NEXT;
    };
  }

  private Statement block(Token keyword) {
    return switch (keyword.text()) {
      case "if" -> ifBlock();
      case "for" -> forBlock();
      case "set" -> setBlock();
      case "macro" -> macro();
      case "generation" -> transparent("endgeneration");
      case "break" -> leave(Flow.BREAK);
      case "continue" -> leave(Flow.CONTINUE);
      default -> throw error("block '" + keyword.text() + "' is not supported");
    };
  }

  private Statement leave(Flow flow) {
    end();
    return s -> flow;
  }

  private Statement transparent(String close) {
    end();
    Statement body = body(Set.of(close));
    next();
    end();
    return body;
  }

  private Statement ifBlock() {
    Expression condition = expression();
    end();
    Statement then = body(Set.of("elif", "else", "endif"));
    String closing = next().text();
    Statement otherwise =
        switch (closing) {
          case "elif" -> ifBlock();
          case "else" -> transparent("endif");
          default -> {
            end();
            yield s -> Flow.NEXT;
          }
        };
    return s -> {
      s.step();
      return JinjaValues.truth(condition.of(s)) ? then.run(s) : otherwise.run(s);
    };
  }

  private Statement forBlock() {
    List<String> names = new ArrayList<>();
    do {
      names.add(next().text());
    } while (take(","));
    if (!takeName("in")) {
      throw error("expected 'in' in a for block");
    }
    Expression values = or();
    Expression wanted = takeName("if") ? expression() : s -> true;
    end();
    Statement body = body(Set.of("else", "endfor"));
    Statement otherwise = s -> Flow.NEXT;
    if (next().text().equals("else")) {
      otherwise = transparent("endfor");
    } else {
      end();
    }
    Statement empty = otherwise;
    return s -> {
      List<Object> chosen = new ArrayList<>();
      for (Object value : JinjaValues.iterable(values.of(s))) {
        s.step();
        if (JinjaValues.truth(wanted.of(bind(s.inner(), names, value)))) {
          chosen.add(value);
        }
      }
      return chosen.isEmpty() ? empty.run(s) : loop(s, names, chosen, body);
    };
  }

  private static JinjaScope bind(JinjaScope scope, List<String> names, Object value) {
    if (names.size() == 1) {
      scope.set(names.get(0), value);
      return scope;
    }
    List<?> parts = JinjaValues.iterable(value);
    if (parts.size() != names.size()) {
      throw JinjaValues.error(
          "%d names for %d values in a for block".formatted(names.size(), parts.size()));
    }
    for (int i = 0; i < parts.size(); i++) {
      scope.set(names.get(i), parts.get(i));
    }
    return scope;
  }

  private static Flow loop(JinjaScope s, List<String> names, List<Object> values, Statement body) {
    int n = values.size();
    for (int i = 0; i < n; i++) {
      s.step();
      JinjaScope inner = bind(s.inner(), names, values.get(i));
      Map<String, Object> loop = new HashMap<>();
      loop.put("index", i + 1L);
      loop.put("index0", (long) i);
      loop.put("revindex", (long) n - i);
      loop.put("revindex0", (long) n - i - 1);
      loop.put("first", i == 0);
      loop.put("last", i == n - 1);
      loop.put("length", (long) n);
      loop.put("previtem", i == 0 ? JinjaValues.UNDEFINED : values.get(i - 1));
      loop.put("nextitem", i == n - 1 ? JinjaValues.UNDEFINED : values.get(i + 1));
      inner.set("loop", loop);
      if (body.run(inner) == Flow.BREAK) {
        break;
      }
    }
    return Flow.NEXT;
  }

  private Statement setBlock() {
    String name = next().text();
    String field = take(".") ? next().text() : null;
    if (take("=")) {
      Expression value = expression();
      end();
      return s -> assign(s, name, field, value.of(s));
    }
    end();
    Statement body = body(Set.of("endset"));
    next();
    end();
    return s -> assign(s, name, field, s.capture(() -> body.run(s.inner())));
  }

  private static Flow assign(JinjaScope s, String name, String field, Object value) {
    s.step();
    if (field == null) {
      s.set(name, value);
    } else if (s.get(name) instanceof Namespace namespace) {
      namespace.put(field, value);
    } else {
      throw JinjaValues.error("'%s' is no namespace to set '%s' in".formatted(name, field));
    }
    return Flow.NEXT;
  }

  /** The one kind of dictionary that a template may change. */
  static final class Namespace extends HashMap<String, Object> {
    private static final long serialVersionUID = 1L;

    Namespace(Map<String, Object> fields) {
      super(fields);
    }
  }

  private Statement macro() {
    String name = next().text();
    Map<String, Expression> parameters = parameters();
    end();
    Statement body = body(Set.of("endmacro"));
    next();
    end();
    List<String> names = List.copyOf(parameters.keySet());
    return s -> {
      JinjaValues.Function function =
          (values, named) -> {
            JinjaScope inner = s.inner();
            parameters.forEach((parameter, value) -> inner.set(parameter, value.of(s)));
            for (int i = 0; i < Math.min(values.size(), names.size()); i++) {
              inner.set(names.get(i), values.get(i));
            }
            named.forEach(inner::set);
            s.step();
            return s.capture(() -> body.run(inner));
          };
      s.set(name, function);
      return Flow.NEXT;
    };
  }

  /** Names with their defaults, undefined where there is none; in order. */
  private Map<String, Expression> parameters() {
    Map<String, Expression> out = new LinkedHashMap<>();
    expect("(");
    while (!take(")")) {
      String name = next().text();
      out.put(name, take("=") ? expression() : s -> JinjaValues.UNDEFINED);
      if (!peek().is(Type.OPERATOR, ")")) {
        expect(",");
      }
    }
    return out;
  }

  private void end() {
    if (next().type() != Type.END) {
      throw error("the tag should end here");
    }
  }
}
