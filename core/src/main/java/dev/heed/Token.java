package dev.heed;

/**
 * A generated token.
 *
 * @param id in the vocabulary
 * @param text what it adds to the text; empty while a character or a possible stop string is
 *     incomplete
 */
public record Token(int id, String text) {}
