package dev.heed.device.cpu.x86;

import java.util.ArrayList;
import java.util.List;

/** A place in code that jumps go to, see {@link Assembler#bind}. */
public final class Label {
  /** Offset of the place; -1 as long as it is not known. */
  int at = -1;

  /** Offsets of the distances that wait for it. */
  final List<Integer> uses = new ArrayList<>();
}
