package dev.heed.text;

import java.util.HashMap;
import java.util.Map;

/** Variables by name, and what a rendering has written so far. A loop's body has its own scope. */
final class JinjaScope {
  private static final int MAX_OUTPUT = 1 << 24; // chars
  private static final int MAX_STEPS = 1_000_000;

  /** What all scopes of one rendering share. */
  private static final class Run {
    StringBuilder out = new StringBuilder();
    int steps;
  }

  private final JinjaScope parent;
  private final Run run;
  private final Map<String, Object> variables = new HashMap<>();

  /** The outermost scope of a rendering. */
  JinjaScope(Map<String, Object> variables) {
    this.parent = null;
    this.run = new Run();
    this.variables.putAll(variables);
  }

  private JinjaScope(JinjaScope parent) {
    this.parent = parent;
    this.run = parent.run;
  }

  JinjaScope inner() {
    return new JinjaScope(this);
  }

  Object get(String name) {
    for (JinjaScope s = this; s != null; s = s.parent) {
      if (s.variables.containsKey(name)) {
        return s.variables.get(name);
      }
    }
    return JinjaValues.UNDEFINED;
  }

  void set(String name, Object value) {
    variables.put(name, value);
  }

  void write(String text) {
    if (run.out.length() + text.length() > MAX_OUTPUT) {
      throw new TokenizerException("chat template: writes more than " + MAX_OUTPUT + " characters");
    }
    run.out.append(text);
  }

  /** Called for every statement: templates come with models and may not run for ever. */
  void step() {
    if (++run.steps > MAX_STEPS) {
      throw new TokenizerException("chat template: takes more than " + MAX_STEPS + " steps");
    }
  }

  String output() {
    return run.out.toString();
  }

  /** What {@code body} writes, instead of writing it. */
  String capture(Runnable body) {
    StringBuilder before = run.out;
    run.out = new StringBuilder();
    try {
      body.run();
      return run.out.toString();
    } finally {
      run.out = before;
    }
  }
}
