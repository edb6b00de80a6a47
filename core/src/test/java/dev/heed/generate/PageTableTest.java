package dev.heed.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class PageTableTest {
  private static final int PAGE = 4;

  @Test
  void sharesFullPagesAndCopiesTheLast() {
    PageTable table = new PageTable(3, 12, PAGE);
    assertEquals(9, table.pages());
    table.begin(1);
    table.extend(0, 6);
    assertEquals(7, table.freePages());
    List<String> copies = new ArrayList<>();
    table.select(new int[] {0, 0, 0}, (from, to, rows) -> copies.add(from + ">" + to + ":" + rows));
    assertEquals(2, copies.size());
    assertTrue(copies.stream().allMatch(c -> c.endsWith(":2")), copies.toString());
    assertEquals(5, table.freePages(), "a shared page and three of their own");
    assertEquals(table.page(0, 0), table.page(2, 0));
    table.select(new int[] {1}, (from, to, rows) -> {});
    assertEquals(7, table.freePages());
    table.select(new int[0], (from, to, rows) -> {});
    assertEquals(9, table.freePages());
  }

  /** Random forks; what each row finds in its pages is what was written on its way. */
  @RepeatedTest(20)
  void rowsReadWhatTheyWrote(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    int rows = 5;
    int context = 23;
    PageTable table = new PageTable(rows, context, PAGE);
    int[][] memory = new int[table.pages()][PAGE];
    List<int[]> texts = new ArrayList<>();
    table.begin(2);
    for (int r = 0; r < 2; r++) {
      texts.add(new int[0]);
      for (int n = 1 + random.nextInt(9); n > 0; n--) {
        write(table, memory, texts, r, random.nextInt());
      }
    }
    while (texts.stream().allMatch(t -> t.length < context)) {
      int[] parents = random.ints(1 + random.nextInt(rows), 0, texts.size()).toArray();
      table.select(
          parents,
          (from, to, count) -> {
            int[] rest = Arrays.copyOf(memory[from], count);
            Arrays.fill(memory[to], -1);
            System.arraycopy(rest, 0, memory[to], 0, count);
          });
      texts = new ArrayList<>(Arrays.stream(parents).mapToObj(texts::get).toList());
      for (int r = 0; r < parents.length; r++) {
        write(table, memory, texts, r, random.nextInt());
      }
      for (int r = 0; r < parents.length; r++) {
        assertArrayEquals(texts.get(r), read(table, memory, r));
      }
    }
    table.select(new int[0], (from, to, count) -> {});
    assertEquals(table.pages(), table.freePages(), "all pages are back");
  }

  private static void write(
      PageTable table, int[][] memory, List<int[]> texts, int row, int value) {
    int at = table.filled(row);
    table.extend(row, 1);
    memory[table.page(row, at / PAGE)][at % PAGE] = value;
    int[] longer = Arrays.copyOf(texts.get(row), at + 1);
    longer[at] = value;
    texts.set(row, longer);
  }

  private static int[] read(PageTable table, int[][] memory, int row) {
    int[] text = new int[table.filled(row)];
    for (int i = 0; i < text.length; i++) {
      text[i] = memory[table.page(row, i / PAGE)][i % PAGE];
    }
    return text;
  }
}
