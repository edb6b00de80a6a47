package dev.heed.tck;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a device says it supports, as a table: a line for each op and each choice of types and
 * layouts among the suite's cases, asked of the device without running anything.
 */
public final class SupportMatrix {
  private SupportMatrix() {}

  /** The table; {@code yes}, {@code no}, or {@code some shapes}. */
  public static String of(Device device) {
    NullDevice nothing = new NullDevice();
    TreeMap<String, List<Boolean>> lines = new TreeMap<>();
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = nothing.openQueue(0, arena)) {
      for (OpCase c : OpCases.all(Set.of(DType.F32, DType.F16, DType.BF16))) {
        Op op = c.build().apply(new Operands(nothing, queue, arena, 1, 0));
        lines.computeIfAbsent(variant(op), v -> new ArrayList<>()).add(device.supports(op));
      }
    }
    int width = lines.keySet().stream().mapToInt(String::length).max().orElse(0);
    return lines.entrySet().stream()
        .map(e -> "%-".concat(width + "s  %s\n").formatted(e.getKey(), answer(e.getValue())))
        .collect(Collectors.joining());
  }

  /** The lines that only one of two tables has; empty if they are equal. */
  static String difference(String before, String now) {
    Set<String> gone = new LinkedHashSet<>(before.lines().toList());
    Set<String> come = new LinkedHashSet<>(now.lines().toList());
    gone.removeAll(now.lines().toList());
    come.removeAll(before.lines().toList());
    return Stream.concat(gone.stream().map(l -> "- " + l), come.stream().map(l -> "+ " + l))
        .collect(Collectors.joining("\n"));
  }

  private static String answer(List<Boolean> supported) {
    long yes = supported.stream().filter(s -> s).count();
    return yes == supported.size() ? "yes" : yes == 0 ? "no" : "some shapes";
  }

  /** As in {@code matmul F32 <- F32, Q8_0 packed}. */
  private static String variant(Op op) {
    return "%s %s <- %s".formatted(op.name(), types(op.outputs()), types(op.inputs()));
  }

  /** The types, I32 left out where there are others: ids, lengths and positions are always I32. */
  private static String types(List<Tensor> tensors) {
    List<String> all =
        tensors.stream()
            .filter(t -> t.dtype() != DType.I32)
            .map(t -> t.dtype() + packed(t.layout()))
            .distinct()
            .toList();
    return all.isEmpty() ? "I32" : String.join(", ", all);
  }

  private static String packed(Layout layout) {
    return switch (layout) {
      case ROW_MAJOR -> "";
      case DEVICE -> " packed";
      case ROUNDED -> " rounded";
    };
  }
}
