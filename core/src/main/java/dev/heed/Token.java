package dev.heed;

/**
 * A token of a text.
 *
 * @param id in the vocabulary
 * @param text while text is generated, what it adds: empty as long as a character or a possible
 *     stop string is incomplete. In maps and states, what it is alone
 */
public record Token(int id, String text) {}
