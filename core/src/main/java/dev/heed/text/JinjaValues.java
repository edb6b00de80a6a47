package dev.heed.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Python's values and operators, as far as chat templates use them. Strings are {@link String},
 * numbers {@link Long} and {@link Double}, lists and tuples {@link List}, dictionaries and
 * namespaces {@link Map}, None is null.
 */
final class JinjaValues {
  /** A name that nothing is bound to: false, and empty when written. */
  static final Object UNDEFINED =
      new Object() {
        @Override
        public String toString() {
          return "";
        }
      };

  private static final int MAX_LENGTH = 1 << 24; // of a string or list that an operator makes
  private static final int MAX_RANGE = 100_000;

  private JinjaValues() {}

  /** Something that can be called: a global, a macro or a method. */
  interface Function {
    Object call(List<Object> arguments, Map<String, Object> named);
  }

  static boolean truth(Object value) {
    return switch (value) {
      case null -> false;
      case Boolean b -> b;
      case Long n -> n != 0;
      case Double d -> d != 0;
      case String s -> !s.isEmpty();
      case List<?> list -> !list.isEmpty();
      case Map<?, ?> map -> !map.isEmpty();
      default -> value != UNDEFINED;
    };
  }

  /** Python's {@code str}. */
  static String text(Object value) {
    return switch (value) {
      case null -> "None";
      case Boolean b -> b ? "True" : "False";
      case List<?> list -> {
        List<String> parts = new ArrayList<>();
        list.forEach(v -> parts.add(quoted(v)));
        yield "[" + String.join(", ", parts) + "]";
      }
      case Map<?, ?> map -> {
        List<String> parts = new ArrayList<>();
        map.forEach((k, v) -> parts.add(quoted(k) + ": " + quoted(v)));
        yield "{" + String.join(", ", parts) + "}";
      }
      default -> value.toString();
    };
  }

  private static String quoted(Object value) {
    if (!(value instanceof String s)) {
      return text(value);
    }
    char quote = s.contains("'") && !s.contains("\"") ? '"' : '\'';
    return quote
        + s.replace("\\", "\\\\")
            .replace("\n", "\\n")
            .replace("\t", "\\t")
            .replace("\r", "\\r")
            .replace(quote == '"' ? "\"" : "'", quote == '"' ? "\\\"" : "\\'")
        + quote;
  }

  static boolean equal(Object a, Object b) {
    if (a instanceof Number x && b instanceof Number y) {
      return x.doubleValue() == y.doubleValue();
    }
    return Objects.equals(a, b);
  }

  static boolean compare(String op, Object a, Object b) {
    return switch (op) {
      case "==" -> equal(a, b);
      case "!=" -> !equal(a, b);
      case "<" -> order(a, b) < 0;
      case "<=" -> order(a, b) <= 0;
      case ">" -> order(a, b) > 0;
      default -> order(a, b) >= 0;
    };
  }

  private static int order(Object a, Object b) {
    if (a instanceof Number x && b instanceof Number y) {
      return Double.compare(x.doubleValue(), y.doubleValue());
    }
    if (a instanceof String x && b instanceof String y) {
      return x.compareTo(y);
    }
    throw error("cannot order " + kind(a) + " and " + kind(b));
  }

  static boolean contains(Object container, Object value) {
    return switch (container) {
      case String s -> s.contains(text(value));
      case List<?> list -> list.stream().anyMatch(v -> equal(v, value));
      case Map<?, ?> map -> map.containsKey(value);
      case null, default -> {
        if (container == UNDEFINED) {
          yield false;
        }
        throw error("cannot look into " + kind(container));
      }
    };
  }

  static Object arithmetic(String op, Object a, Object b) {
    if (op.equals("+") && a instanceof String x && b instanceof String y) {
      return bounded(x.length() + (long) y.length(), x, y);
    }
    if (op.equals("+") && a instanceof List<?> x && b instanceof List<?> y) {
      if (x.size() + y.size() > MAX_LENGTH) {
        throw error("a list of more than " + MAX_LENGTH + " values");
      }
      List<Object> out = new ArrayList<>(x);
      out.addAll(y);
      return out;
    }
    if (!(a instanceof Number x) || !(b instanceof Number y)) {
      throw error("cannot compute %s %s %s".formatted(kind(a), op, kind(b)));
    }
    return a instanceof Long m && b instanceof Long n && !op.equals("/")
        ? integers(op, m, n)
        : reals(op, x.doubleValue(), y.doubleValue());
  }

  private static String bounded(long length, String a, String b) {
    if (length > MAX_LENGTH) {
      throw error("a string of more than " + MAX_LENGTH + " characters");
    }
    return a + b;
  }

  private static Object integers(String op, long a, long b) {
    if (b == 0 && (op.equals("//") || op.equals("%"))) {
      throw error("division by zero");
    }
    return switch (op) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "//" -> Math.floorDiv(a, b);
      case "%" -> Math.floorMod(a, b);
      default -> b < 0 ? (Object) Math.pow(a, b) : (Object) (long) Math.pow(a, b);
    };
  }

  private static Object reals(String op, double a, double b) {
    return switch (op) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> a / b;
      case "//" -> Math.floor(a / b);
      case "%" -> a - b * Math.floor(a / b);
      default -> Math.pow(a, b);
    };
  }

  /** {@code a.name}: a method before an item, as in Jinja. */
  static Object attribute(Object value, String name) {
    Object method = JinjaFilters.method(value, name);
    return method != null ? method : item(value, name);
  }

  /** {@code a[key]}; undefined where there is no such item. */
  static Object item(Object value, Object key) {
    if (value instanceof Map<?, ?> map) {
      return map.containsKey(key) ? map.get(key) : UNDEFINED;
    }
    if (key instanceof Long index && (value instanceof List<?> || value instanceof String)) {
      int size = size(value);
      long i = index < 0 ? index + size : index;
      return i < 0 || i >= size ? UNDEFINED : at(value, (int) i);
    }
    if (value == UNDEFINED || value == null) {
      throw error("%s has no '%s'".formatted(kind(value), text(key)));
    }
    return UNDEFINED;
  }

  /** Length of a string in code points, of a list or dictionary in items. */
  static int size(Object value) {
    return switch (value) {
      case String s -> s.codePointCount(0, s.length());
      case List<?> list -> list.size();
      case Map<?, ?> map -> map.size();
      case null, default -> {
        if (value == UNDEFINED) {
          yield 0;
        }
        throw error(kind(value) + " has no length");
      }
    };
  }

  private static Object at(Object value, int i) {
    if (value instanceof List<?> list) {
      return list.get(i);
    }
    String s = (String) value;
    return Character.toString(s.codePointAt(s.offsetByCodePoints(0, i)));
  }

  /** {@code a[from:to:step]}; null stands for what is left out. */
  static Object slice(Object value, Object from, Object to, Object step) {
    long by = step == null ? 1 : integer(step);
    if (by == 0 || !(value instanceof List<?> || value instanceof String)) {
      throw error("cannot cut " + kind(value));
    }
    int n = size(value);
    long low = by > 0 ? 0 : -1;
    long high = by > 0 ? n : n - 1;
    long start = from == null ? (by > 0 ? low : high) : clamp(integer(from), n, low, high);
    long end = to == null ? (by > 0 ? high : low) : clamp(integer(to), n, low, high);
    List<Object> out = new ArrayList<>();
    for (long i = start; by > 0 ? i < end : i > end; i += by) {
      out.add(at(value, (int) i));
    }
    return value instanceof List<?>
        ? out
        : String.join("", out.stream().map(JinjaValues::text).toList());
  }

  private static long clamp(long i, int n, long low, long high) {
    return Math.clamp(i < 0 ? i + n : i, low, high);
  }

  static long integer(Object value) {
    return switch (value) {
      case Long n -> n;
      case Boolean b -> b ? 1 : 0;
      case null, default -> throw error(kind(value) + " where an integer is wanted");
    };
  }

  /** The values that a loop goes through: items, characters, or the keys of a dictionary. */
  static List<?> iterable(Object value) {
    return switch (value) {
      case List<?> list -> list;
      case Map<?, ?> map -> List.copyOf(map.keySet());
      case String s -> s.codePoints().mapToObj(Character::toString).toList();
      case null, default -> {
        if (value == UNDEFINED) {
          yield List.of();
        }
        throw error("cannot go through " + kind(value));
      }
    };
  }

  static Object call(Object value, List<Object> arguments, Map<String, Object> named, int line) {
    if (value instanceof Function function) {
      return function.call(arguments, named);
    }
    throw new TokenizerException(
        "chat template, line %d: %s is no function that Heed knows".formatted(line, kind(value)));
  }

  /** Python's {@code range}. */
  static List<Object> range(List<Object> bounds) {
    long from = bounds.size() > 1 ? integer(bounds.get(0)) : 0;
    long to = integer(bounds.get(bounds.size() > 1 ? 1 : 0));
    long by = bounds.size() > 2 ? integer(bounds.get(2)) : 1;
    List<Object> out = new ArrayList<>();
    for (long i = from; by > 0 ? i < to : i > to; i += by) {
      if (by == 0 || out.size() >= MAX_RANGE) {
        throw error("a range of more than " + MAX_RANGE + " numbers");
      }
      out.add(i);
    }
    return out;
  }

  /** Python's {@code json.dumps} with {@code ensure_ascii=False}; {@code indent} 0 for one line. */
  static String json(Object value, int indent, int depth) {
    String inner = indent == 0 ? "" : "\n" + " ".repeat(indent * (depth + 1));
    String outer = indent == 0 ? "" : "\n" + " ".repeat(indent * depth);
    String comma = indent == 0 ? ", " : ",";
    return switch (value) {
      case null -> "null";
      case String s -> jsonString(s);
      case Boolean b -> b.toString();
      case Number n -> n.toString();
      case List<?> list -> {
        List<String> parts = new ArrayList<>();
        list.forEach(v -> parts.add(inner + json(v, indent, depth + 1)));
        yield parts.isEmpty() ? "[]" : "[" + String.join(comma, parts) + outer + "]";
      }
      case Map<?, ?> map -> {
        List<String> parts = new ArrayList<>();
        map.forEach(
            (k, v) -> parts.add(inner + jsonString(text(k)) + ": " + json(v, indent, depth + 1)));
        yield parts.isEmpty() ? "{}" : "{" + String.join(comma, parts) + outer + "}";
      }
      default -> throw error(kind(value) + " cannot be written as JSON");
    };
  }

  private static String jsonString(String s) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> out.append(c < ' ' ? "\\u%04x".formatted((int) c) : String.valueOf(c));
      }
    }
    return out.append('"').toString();
  }

  static String kind(Object value) {
    return switch (value) {
      case null -> "none";
      case String s -> "a string";
      case Boolean b -> "a truth value";
      case Number n -> "a number";
      case List<?> list -> "a list";
      case Map<?, ?> map -> "a dictionary";
      case Function f -> "a function";
      default -> "an undefined value";
    };
  }

  static TokenizerException error(String problem) {
    return new TokenizerException("chat template: " + problem);
  }
}
