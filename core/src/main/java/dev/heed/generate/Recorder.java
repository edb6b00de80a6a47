package dev.heed.generate;

import dev.heed.op.Probe;
import dev.heed.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;

/** Looks on while a pass runs, and copies to the host what a census has counted. */
abstract class Recorder implements Probe {
  private final Census census;
  private final Arena results;
  private final Map<Stage, MemorySegment> values = new EnumMap<>(Stage.class);
  private final Map<Stage, Integer> done = new EnumMap<>(Stage.class);

  Recorder(Census census, Arena results) {
    this.census = census;
    this.results = results;
  }

  /** The memory for what the stage gives next. */
  final MemorySegment next(Stage stage) {
    Census.Entry entry = census.entry(stage);
    MemorySegment all =
        values.computeIfAbsent(stage, s -> results.allocate(entry.bytes(), Float.BYTES));
    int index = done.merge(stage, 1, Integer::sum) - 1;
    long bytes = entry.bytes() / entry.count();
    return all.asSlice(index * bytes, bytes);
  }

  /** The shape of one recording, from the shape it has on the device. */
  abstract Shape host(Shape device);

  /** Everything, once the pass has been issued. */
  Map<Stage, Recorded> finish() {
    Map<Stage, Recorded> all = new EnumMap<>(Stage.class);
    values.forEach(
        (stage, v) -> {
          Census.Entry entry = census.entry(stage);
          all.put(stage, new Recorded(entry.count(), host(entry.shape()), v));
        });
    return all;
  }
}
