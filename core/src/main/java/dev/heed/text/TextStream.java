package dev.heed.text;

/** Turns ids that come one by one into text. All pieces together are the text of all ids. */
public interface TextStream {
  /** The text that this id adds, often empty. */
  String feed(int id);

  /** The text held back, when no more comes. */
  String finish();
}
