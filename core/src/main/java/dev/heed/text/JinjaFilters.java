package dev.heed.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** Jinja's filters and tests, and Python's methods, as far as chat templates use them. */
final class JinjaFilters {
  private static final Set<String> FILTERS =
      Set.of(
          "trim",
          "tojson",
          "length",
          "count",
          "upper",
          "lower",
          "capitalize",
          "title",
          "first",
          "last",
          "list",
          "join",
          "default",
          "d",
          "replace",
          "string",
          "int",
          "items",
          "map",
          "selectattr",
          "rejectattr",
          "select",
          "reject",
          "unique",
          "reverse",
          "safe",
          "e",
          "escape",
          "indent");
  private static final Set<String> TESTS =
      Set.of(
          "defined",
          "undefined",
          "none",
          "string",
          "number",
          "integer",
          "mapping",
          "sequence",
          "iterable",
          "boolean",
          "true",
          "false",
          "odd",
          "even",
          "equalto",
          "eq",
          "ne",
          "in",
          "divisibleby",
          "callable");
  private static final Set<String> TESTS_WITH_ARGUMENT =
      Set.of("equalto", "eq", "ne", "in", "divisibleby");

  private JinjaFilters() {}

  static void checkFilter(String name, int line) {
    check(FILTERS, "filter", name, line);
  }

  static void checkTest(String name, int line) {
    check(TESTS, "test", name, line);
  }

  private static void check(Set<String> known, String what, String name, int line) {
    if (!known.contains(name)) {
      throw new TokenizerException(
          "chat template, line %d: %s '%s' is unknown".formatted(line, what, name));
    }
  }

  static boolean testTakesArgument(String name) {
    return TESTS_WITH_ARGUMENT.contains(name);
  }

  static Object filter(
      String name, Object value, List<Object> arguments, Map<String, Object> named) {
    return switch (name) {
      case "trim" -> strip(JinjaValues.text(value), arguments, true, true);
      case "upper", "lower", "capitalize", "title" -> cased(name, JinjaValues.text(value));
      case "string", "safe" -> JinjaValues.text(value);
      case "e", "escape" -> escape(JinjaValues.text(value));
      case "replace" -> replace(JinjaValues.text(value), arguments);
      case "indent" -> indent(JinjaValues.text(value), arguments);
      case "int" -> toInteger(value, arguments);
      case "length", "count" -> (long) JinjaValues.size(value);
      case "tojson" -> {
        Object indent = named.getOrDefault("indent", argument(arguments, 0, 0L));
        yield JinjaValues.json(value, indent == null ? 0 : (int) JinjaValues.integer(indent), 0);
      }
      case "default", "d" -> {
        boolean orFalse =
            JinjaValues.truth(named.getOrDefault("boolean", argument(arguments, 1, false)));
        boolean absent = value == JinjaValues.UNDEFINED || (orFalse && !JinjaValues.truth(value));
        yield absent ? argument(arguments, 0, "") : value;
      }
      case "items" -> value == JinjaValues.UNDEFINED ? List.of() : items(value);
      default -> sequence(name, JinjaValues.iterable(value), arguments, named);
    };
  }

  private static Object sequence(
      String name, List<?> values, List<Object> arguments, Map<String, Object> named) {
    return switch (name) {
      case "first" -> values.isEmpty() ? JinjaValues.UNDEFINED : values.get(0);
      case "last" -> values.isEmpty() ? JinjaValues.UNDEFINED : values.get(values.size() - 1);
      case "list" -> new ArrayList<Object>(values);
      case "unique" -> values.stream().distinct().toList();
      case "reverse" -> {
        List<Object> out = new ArrayList<>(values);
        Collections.reverse(out);
        yield out;
      }
      case "join" -> {
        String between = JinjaValues.text(argument(arguments, 0, ""));
        yield String.join(between, values.stream().map(JinjaValues::text).toList());
      }
      case "map" -> map(values, arguments, named);
      case "select", "reject" ->
          keep(values, v -> accepts(arguments, 0, v) == name.equals("select"));
      default -> {
        String attribute = JinjaValues.text(argument(arguments, 0, ""));
        yield keep(
            values,
            v ->
                accepts(arguments, 1, JinjaValues.item(v, attribute)) == name.equals("selectattr"));
      }
    };
  }

  /** The test that stands at {@code from} among the arguments; truth where there is none. */
  private static boolean accepts(List<Object> arguments, int from, Object value) {
    if (arguments.size() <= from) {
      return JinjaValues.truth(value);
    }
    String test = JinjaValues.text(arguments.get(from));
    check(TESTS, "test", test, 0);
    return test(test, value, arguments.subList(from + 1, arguments.size()));
  }

  private static List<Object> keep(List<?> values, Predicate<Object> wanted) {
    List<Object> out = new ArrayList<>();
    for (Object value : values) {
      if (wanted.test(value)) {
        out.add(value);
      }
    }
    return out;
  }

  private static List<Object> map(
      List<?> values, List<Object> arguments, Map<String, Object> named) {
    List<Object> out = new ArrayList<>();
    for (Object value : values) {
      if (named.containsKey("attribute")) {
        out.add(JinjaValues.item(value, named.get("attribute")));
      } else {
        String name = JinjaValues.text(argument(arguments, 0, ""));
        checkFilter(name, 0);
        out.add(filter(name, value, arguments.subList(1, arguments.size()), Map.of()));
      }
    }
    return out;
  }

  static boolean test(String name, Object value, List<Object> arguments) {
    return switch (name) {
      case "defined" -> value != JinjaValues.UNDEFINED;
      case "undefined" -> value == JinjaValues.UNDEFINED;
      case "none" -> value == null;
      case "string" -> value instanceof String;
      case "number" -> value instanceof Number;
      case "integer" -> value instanceof Long;
      case "boolean" -> value instanceof Boolean;
      case "mapping" -> value instanceof Map;
      case "sequence", "iterable" ->
          value instanceof List || value instanceof String || value instanceof Map;
      case "callable" -> value instanceof JinjaValues.Function;
      case "true" -> Boolean.TRUE.equals(value);
      case "false" -> Boolean.FALSE.equals(value);
      case "odd" -> Math.floorMod(JinjaValues.integer(value), 2) == 1;
      case "even" -> Math.floorMod(JinjaValues.integer(value), 2) == 0;
      case "divisibleby" ->
          JinjaValues.equal(0L, JinjaValues.arithmetic("%", value, argument(arguments, 0, 0L)));
      case "in" -> JinjaValues.contains(argument(arguments, 0, List.of()), value);
      case "ne" -> !JinjaValues.equal(value, argument(arguments, 0, null));
      default -> JinjaValues.equal(value, argument(arguments, 0, null));
    };
  }

  /** A method of a string or dictionary; null where Python has none that templates use. */
  static JinjaValues.Function method(Object value, String name) {
    if (value instanceof String s) {
      return stringMethod(s, name);
    }
    if (value instanceof Map<?, ?> map) {
      return switch (name) {
        case "items" -> (a, n) -> items(map);
        case "keys" -> (a, n) -> List.copyOf(map.keySet());
        case "values" -> (a, n) -> new ArrayList<Object>(map.values());
        case "get" ->
            (a, n) ->
                map.containsKey(argument(a, 0, null)) ? map.get(a.get(0)) : argument(a, 1, null);
        default -> null;
      };
    }
    return null;
  }

  private static JinjaValues.Function stringMethod(String s, String name) {
    return switch (name) {
      case "strip" -> (a, n) -> strip(s, a, true, true);
      case "lstrip" -> (a, n) -> strip(s, a, true, false);
      case "rstrip" -> (a, n) -> strip(s, a, false, true);
      case "startswith" -> (a, n) -> affixes(a).stream().anyMatch(s::startsWith);
      case "endswith" -> (a, n) -> affixes(a).stream().anyMatch(s::endsWith);
      case "upper", "lower", "capitalize", "title" -> (a, n) -> cased(name, s);
      case "replace" -> (a, n) -> replace(s, a);
      case "split" -> (a, n) -> split(s, a);
      case "splitlines" -> (a, n) -> s.lines().map(l -> (Object) l).toList();
      case "find" -> (a, n) -> (long) s.indexOf(JinjaValues.text(argument(a, 0, "")));
      case "count" -> (a, n) -> (long) split(s, List.of(argument(a, 0, " "))).size() - 1;
      case "join" ->
          (a, n) ->
              String.join(
                  s,
                  JinjaValues.iterable(argument(a, 0, List.of())).stream()
                      .map(JinjaValues::text)
                      .toList());
      default -> null;
    };
  }

  /** One string, or a tuple of them. */
  private static List<String> affixes(List<Object> arguments) {
    Object first = argument(arguments, 0, "");
    return first instanceof List<?> many
        ? many.stream().map(JinjaValues::text).toList()
        : List.of(JinjaValues.text(first));
  }

  private static Object argument(List<Object> arguments, int i, Object otherwise) {
    return i < arguments.size() ? arguments.get(i) : otherwise;
  }

  private static List<Object> items(Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      throw JinjaValues.error(JinjaValues.kind(value) + " has no items");
    }
    List<Object> out = new ArrayList<>();
    map.forEach(
        (k, v) -> {
          List<Object> pair = new ArrayList<>();
          pair.add(k);
          pair.add(v);
          out.add(pair);
        });
    return out;
  }

  private static String strip(String s, List<Object> arguments, boolean left, boolean right) {
    Object given = argument(arguments, 0, null);
    String chars = given == null ? null : JinjaValues.text(given);
    int from = 0;
    int to = s.length();
    while (left && from < to && isStripped(s.charAt(from), chars)) {
      from++;
    }
    while (right && to > from && isStripped(s.charAt(to - 1), chars)) {
      to--;
    }
    return s.substring(from, to);
  }

  private static boolean isStripped(char c, String chars) {
    return chars == null
        ? Character.isWhitespace(c) || Character.isSpaceChar(c)
        : chars.indexOf(c) >= 0;
  }

  private static String cased(String how, String s) {
    return switch (how) {
      case "upper" -> s.toUpperCase(Locale.ROOT);
      case "lower" -> s.toLowerCase(Locale.ROOT);
      case "capitalize" ->
          s.isEmpty()
              ? s
              : s.substring(0, 1).toUpperCase(Locale.ROOT)
                  + s.substring(1).toLowerCase(Locale.ROOT);
      default -> {
        StringBuilder out = new StringBuilder();
        boolean start = true;
        for (char c : s.toCharArray()) {
          out.append(start ? Character.toTitleCase(c) : Character.toLowerCase(c));
          start = !Character.isLetter(c);
        }
        yield out.toString();
      }
    };
  }

  private static String replace(String s, List<Object> arguments) {
    if (arguments.size() < 2) {
      throw JinjaValues.error("replace wants two strings");
    }
    return s.replace(JinjaValues.text(arguments.get(0)), JinjaValues.text(arguments.get(1)));
  }

  /** At runs of white space, or at each occurrence of a string, at most so many times. */
  private static List<Object> split(String s, List<Object> arguments) {
    Object given = argument(arguments, 0, null);
    if (given == null) {
      String stripped = s.strip();
      return stripped.isEmpty() ? List.of() : List.of((Object[]) stripped.split("\\s+"));
    }
    String at = JinjaValues.text(given);
    if (at.isEmpty()) {
      throw JinjaValues.error("split at an empty string");
    }
    long limit = JinjaValues.integer(argument(arguments, 1, -1L));
    List<Object> out = new ArrayList<>();
    int from = 0;
    int next = s.indexOf(at);
    while (next >= 0 && (limit < 0 || out.size() < limit)) {
      out.add(s.substring(from, next));
      from = next + at.length();
      next = s.indexOf(at, from);
    }
    out.add(s.substring(from));
    return out;
  }

  /** Every line but the first, four blanks or so many. */
  private static String indent(String s, List<Object> arguments) {
    String blanks = " ".repeat(Math.clamp(JinjaValues.integer(argument(arguments, 0, 4L)), 0, 99));
    return s.replace("\n", "\n" + blanks);
  }

  private static String escape(String s) {
    return s.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&#34;")
        .replace("'", "&#39;");
  }

  private static Object toInteger(Object value, List<Object> arguments) {
    try {
      return switch (value) {
        case Double d -> d.longValue();
        case String s -> Long.parseLong(s.strip());
        case null, default -> JinjaValues.integer(value);
      };
    } catch (NumberFormatException e) {
      return argument(arguments, 0, 0L); // as Jinja: what is no number is the default
    }
  }
}
