package dev.heed.text;

import dev.heed.text.JinjaLexer.Token;
import dev.heed.text.JinjaLexer.Type;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The expressions of Jinja, made into functions of a scope. Precedence, lowest first: {@code if
 * else}, {@code or}, {@code and}, {@code not}, comparisons and {@code in}, {@code ~}, {@code + -},
 * {@code * / // %}, signs, {@code **}, then postfix: attributes, subscripts, calls, filters, tests.
 */
class JinjaParser extends JinjaCursor {
  private static final int MAX_DEPTH = 100;
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

  /** An expression. */
  interface Expression {
    Object of(JinjaScope scope);
  }

  private int depth;

  JinjaParser(List<Token> tokens) {
    super(tokens);
  }

  /** Where there is no {@code else}, the value is undefined. */
  Expression expression() {
    if (++depth > MAX_DEPTH) {
      throw error("nested too deeply");
    }
    Expression value = or();
    while (takeName("if")) {
      Expression then = value;
      Expression condition = or();
      Expression otherwise = takeName("else") ? expression() : s -> JinjaValues.UNDEFINED;
      value = s -> JinjaValues.truth(condition.of(s)) ? then.of(s) : otherwise.of(s);
    }
    depth--;
    return value;
  }

  /** An expression without {@code if}, which means something else behind the values of a loop. */
  Expression or() {
    Expression value = and();
    while (takeName("or")) {
      Expression a = value;
      Expression b = and();
      value =
          s -> {
            Object left = a.of(s);
            return JinjaValues.truth(left) ? left : b.of(s);
          };
    }
    return value;
  }

  private Expression and() {
    Expression value = not();
    while (takeName("and")) {
      Expression a = value;
      Expression b = not();
      value =
          s -> {
            Object left = a.of(s);
            return JinjaValues.truth(left) ? b.of(s) : left;
          };
    }
    return value;
  }

  private Expression not() {
    boolean negate = false;
    while (takeName("not")) {
      negate = !negate;
    }
    Expression value = comparison();
    return negate ? s -> !JinjaValues.truth(value.of(s)) : value;
  }

  private Expression comparison() {
    Expression value = concatenation();
    while (true) {
      Expression a = value;
      if (peek().type() == Type.OPERATOR && COMPARISONS.contains(peek().text())) {
        String op = next().text();
        Expression b = concatenation();
        value = s -> JinjaValues.compare(op, a.of(s), b.of(s));
      } else if (takeName("in")) {
        Expression b = concatenation();
        value = s -> JinjaValues.contains(b.of(s), a.of(s));
      } else if (peek().is(Type.NAME, "not") && peek(1).is(Type.NAME, "in")) {
        skip(2);
        Expression b = concatenation();
        value = s -> !JinjaValues.contains(b.of(s), a.of(s));
      } else {
        return value;
      }
    }
  }

  private Expression concatenation() {
    Expression value = sum();
    while (take("~")) {
      Expression a = value;
      Expression b = sum();
      value = s -> JinjaValues.text(a.of(s)) + JinjaValues.text(b.of(s));
    }
    return value;
  }

  private Expression sum() {
    Expression value = product();
    while (isOperator("+") || isOperator("-")) {
      String op = next().text();
      Expression a = value;
      Expression b = product();
      value = s -> JinjaValues.arithmetic(op, a.of(s), b.of(s));
    }
    return value;
  }

  private Expression product() {
    Expression value = power();
    while (isOperator("*") || isOperator("/") || isOperator("//") || isOperator("%")) {
      String op = next().text();
      Expression a = value;
      Expression b = power();
      value = s -> JinjaValues.arithmetic(op, a.of(s), b.of(s));
    }
    return value;
  }

  private Expression power() {
    Expression value = signed();
    while (take("**")) {
      Expression a = value;
      Expression b = signed();
      value = s -> JinjaValues.arithmetic("**", a.of(s), b.of(s));
    }
    return value;
  }

  /** Filters and tests see the sign; attributes, items and calls come before it. */
  private Expression signed() {
    boolean negate = false;
    while (isOperator("-") || isOperator("+")) {
      negate ^= next().text().equals("-");
    }
    Expression value = postfix(primary());
    return filtered(negate ? s -> JinjaValues.arithmetic("-", 0L, value.of(s)) : value);
  }

  private Expression postfix(Expression start) {
    Expression value = start;
    while (true) {
      Expression a = value;
      if (take(".")) {
        String name = next().text();
        value = s -> JinjaValues.attribute(a.of(s), name);
      } else if (take("[")) {
        value = subscript(a);
      } else if (isOperator("(")) {
        Arguments arguments = arguments();
        int line = peek().line();
        value = s -> JinjaValues.call(a.of(s), arguments.values(s), arguments.named(s), line);
      } else {
        return value;
      }
    }
  }

  private Expression filtered(Expression start) {
    Expression value = start;
    while (true) {
      Expression a = value;
      if (take("|")) {
        String name = next().text();
        Arguments arguments = isOperator("(") ? arguments() : Arguments.NONE;
        JinjaFilters.checkFilter(name, peek().line());
        value = s -> JinjaFilters.filter(name, a.of(s), arguments.values(s), arguments.named(s));
      } else if (takeName("is")) {
        value = test(a);
      } else {
        return value;
      }
    }
  }

  private Expression test(Expression a) {
    boolean negate = takeName("not");
    String name = next().text();
    Arguments arguments = Arguments.NONE;
    if (isOperator("(")) {
      arguments = arguments();
    } else if (JinjaFilters.testTakesArgument(name)) {
      arguments = new Arguments(List.of(postfix(primary())), Map.of());
    }
    JinjaFilters.checkTest(name, peek().line());
    Arguments given = arguments;
    return s -> negate != JinjaFilters.test(name, a.of(s), given.values(s));
  }

  private Expression subscript(Expression a) {
    Expression from = isOperator(":") ? null : expression();
    if (!take(":")) {
      expect("]");
      return s -> JinjaValues.item(a.of(s), from.of(s));
    }
    Expression to = isOperator(":") || isOperator("]") ? null : expression();
    Expression step = take(":") && !isOperator("]") ? expression() : null;
    expect("]");
    return s -> JinjaValues.slice(a.of(s), orNull(from, s), orNull(to, s), orNull(step, s));
  }

  private static Object orNull(Expression e, JinjaScope s) {
    return e == null ? null : e.of(s);
  }

  /** What stands between the brackets of a call. */
  record Arguments(List<Expression> positional, Map<String, Expression> byName) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    List<Object> values(JinjaScope s) {
      List<Object> out = new ArrayList<>();
      positional.forEach(e -> out.add(e.of(s)));
      return out;
    }

    Map<String, Object> named(JinjaScope s) {
      Map<String, Object> out = new LinkedHashMap<>();
      byName.forEach((name, e) -> out.put(name, e.of(s)));
      return out;
    }
  }

  /** {@code (a, b, name=c)}. */
  private Arguments arguments() {
    expect("(");
    List<Expression> values = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    while (!take(")")) {
      if (peek().type() == Type.NAME && peek(1).is(Type.OPERATOR, "=")) {
        String name = next().text();
        skip(1);
        named.put(name, expression());
      } else {
        values.add(expression());
      }
      if (!isOperator(")")) {
        expect(",");
      }
    }
    return new Arguments(values, named);
  }

  private Expression primary() {
    Token token = next();
    return switch (token.type()) {
      case STRING -> string(token);
      case NUMBER -> number(token);
      case NAME -> name(token.text());
      case OPERATOR ->
          switch (token.text()) {
            case "(" -> tuple();
            case "[" -> list("]");
            case "{" -> dictionary();
            default -> throw error("unexpected '" + token.text() + "'");
          };
      default -> throw error("an expression is missing");
    };
  }

  /** Strings that follow one another are one. */
  private Expression string(Token first) {
    StringBuilder text = new StringBuilder(first.text());
    while (peek().type() == Type.STRING) {
      text.append(next().text());
    }
    String value = text.toString();
    return s -> value;
  }

  private Expression number(Token token) {
    try {
      Object value =
          token.text().contains(".")
              ? (Object) Double.valueOf(token.text())
              : (Object) Long.valueOf(token.text());
      return s -> value;
    } catch (NumberFormatException e) {
      throw error("'" + token.text() + "' is no number");
    }
  }

  private static Expression name(String name) {
    return switch (name) {
      case "true", "True" -> s -> true;
      case "false", "False" -> s -> false;
      case "none", "None" -> s -> null;
      default -> s -> s.get(name);
    };
  }

  private Expression tuple() {
    if (take(")")) {
      return s -> List.of();
    }
    Expression first = expression();
    if (take(")")) {
      return first;
    }
    expect(",");
    Expression rest = list(")");
    return s -> {
      List<Object> out = new ArrayList<>(List.of(first.of(s)));
      out.addAll((List<?>) rest.of(s));
      return out;
    };
  }

  private Expression list(String close) {
    List<Expression> items = new ArrayList<>();
    while (!take(close)) {
      items.add(expression());
      if (!isOperator(close)) {
        expect(",");
      }
    }
    return s -> {
      List<Object> out = new ArrayList<>();
      items.forEach(e -> out.add(e.of(s)));
      return out;
    };
  }

  private Expression dictionary() {
    Map<Expression, Expression> items = new LinkedHashMap<>();
    while (!take("}")) {
      Expression key = expression();
      expect(":");
      items.put(key, expression());
      if (!isOperator("}")) {
        expect(",");
      }
    }
    return s -> {
      Map<String, Object> out = new LinkedHashMap<>();
      items.forEach((k, v) -> out.put(JinjaValues.text(k.of(s)), v.of(s)));
      return out;
    };
  }
}
