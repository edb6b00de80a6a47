package dev.heed.opencl;

import dev.heed.device.Tuner;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Tunes the kernels of an OpenCL device, group by group. */
final class OpenClTuner implements Tuner {
  private final OpenClDevice device;
  private final Optional<TuningFile> file;

  /** A tuner, which stores what it finds in {@code file}. */
  OpenClTuner(OpenClDevice device, Optional<TuningFile> file) {
    this.device = device;
    this.file = file;
  }

  @Override
  public Result tune(List<Work> work, int most, Listener listener) throws IOException {
    Map<Tunable.Group, List<Work>> uses = uses(work);
    int[] counts = new int[2]; // tried, all
    for (Tunable.Group group : uses.keySet()) {
      counts[1] += Math.min(most, TuningSearch.candidates(group, device).size());
    }
    List<Choice> choices = new ArrayList<>();
    for (Map.Entry<Tunable.Group, List<Work>> use : uses.entrySet()) {
      String name = use.getKey().key();
      listener.tried(counts[0], counts[1], name);
      int end = counts[0] + Math.min(most, TuningSearch.candidates(use.getKey(), device).size());
      try (TuningTrial trial = new TuningTrial(device, use.getValue())) {
        Runnable tried = () -> listener.tried(++counts[0], counts[1], name);
        choices.add(new TuningSearch(device, use.getKey(), trial, tried).best(most));
      }
      counts[0] = end; // a search may end early
    }
    return new Result(choices, choices.isEmpty() ? Optional.empty() : store(choices, work));
  }

  /** What of the work each group's kernels do; groups that do nothing are not there. */
  private Map<Tunable.Group, List<Work>> uses(List<Work> work) {
    Map<Tunable.Group, List<Work>> uses = new EnumMap<>(Tunable.Group.class);
    for (Work w : work) {
      Set<String> files = files(w.op());
      for (Tunable.Group group : Tunable.Group.values()) {
        if (group.has(device.family()) && !Collections.disjoint(files, group.files())) {
          uses.computeIfAbsent(group, g -> new ArrayList<>()).add(w);
        }
      }
    }
    return uses;
  }

  private Set<String> files(Op op) {
    try (Arena arena = Arena.ofShared();
        OpenClQueue queue = (OpenClQueue) device.openQueue(device.scratchBytes(op), arena)) {
      return queue.files(op);
    }
  }

  /** Stores the choices, over what was stored before, and builds the programs they need. */
  private Optional<Path> store(List<Choice> choices, List<Work> work) throws IOException {
    if (file.isEmpty()) {
      return Optional.empty();
    }
    Map<Tunable, Integer> values = new EnumMap<>(Tunable.class);
    file.get().read().ifPresent(values::putAll);
    for (Choice choice : choices) {
      choice.chosen().forEach((n, v) -> values.put(Tunable.of(choice.kernels() + "." + n), v));
    }
    Path path = file.get().write(values);
    long bytes = work.stream().mapToLong(w -> device.scratchBytes(w.op())).max().orElse(0);
    try (Arena arena = Arena.ofShared();
        OpenClQueue queue =
            device.queue(
                device.programs(),
                device.tuning().with(values, "heed tune"),
                (OpenClBuffer) device.allocate(bytes, Usage.WORKSPACE, arena))) {
      queue.prepare(work.stream().map(Work::op).toList());
    }
    return Optional.of(path);
  }
}
