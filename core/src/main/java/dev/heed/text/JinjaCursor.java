package dev.heed.text;

import dev.heed.text.JinjaLexer.Token;
import dev.heed.text.JinjaLexer.Type;
import java.util.List;

/** A place among the tokens of a template. */
class JinjaCursor {
  private final List<Token> tokens;
  private int at;

  JinjaCursor(List<Token> tokens) {
    this.tokens = tokens;
  }

  void skip(int count) {
    at += count;
  }

  boolean hasNext() {
    return at < tokens.size();
  }

  Token peek() {
    return peek(0);
  }

  Token peek(int ahead) {
    int last = tokens.isEmpty() ? 1 : tokens.get(tokens.size() - 1).line();
    return at + ahead < tokens.size() ? tokens.get(at + ahead) : new Token(Type.END, "", last);
  }

  Token next() {
    Token token = peek();
    at++;
    return token;
  }

  boolean isOperator(String op) {
    return peek().is(Type.OPERATOR, op);
  }

  boolean take(String op) {
    boolean here = isOperator(op);
    at += here ? 1 : 0;
    return here;
  }

  boolean takeName(String name) {
    boolean here = peek().is(Type.NAME, name);
    at += here ? 1 : 0;
    return here;
  }

  void expect(String op) {
    if (!take(op)) {
      throw error("expected '%s', found '%s'".formatted(op, peek().text()));
    }
  }

  TokenizerException error(String problem) {
    return new TokenizerException("chat template, line %d: %s".formatted(peek().line(), problem));
  }
}
