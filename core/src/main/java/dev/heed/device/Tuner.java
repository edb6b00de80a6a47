package dev.heed.device;

import dev.heed.op.Op;
import dev.heed.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Chooses the numbers in a device's kernels by timing them, and keeps them for the next time the
 * device opens. Nothing is ever timed unless somebody asks for it here.
 */
public interface Tuner {
  /**
   * Work to be fast at.
   *
   * @param op on tensors of this device, with sensible contents; what it writes is restored
   * @param times how often it runs, for its weight among the others
   * @param inputs what is written to some of its inputs before it runs
   */
  record Work(Op op, long times, Map<Tensor, MemorySegment> inputs) {
    public Work {
      inputs = Map.copyOf(inputs);
    }

    /** Work on inputs as they are. */
    public Work(Op op, long times) {
      this(op, times, Map.of());
    }
  }

  /** Is told of the progress; may throw to end the tuning, which then stores nothing. */
  interface Listener {
    /** So many candidates of all have been tried; {@code kernels} are tried now. */
    void tried(int done, int all, String kernels);
  }

  /**
   * What was found for kernels that share their numbers.
   *
   * @param kernels their name
   * @param before numbers by name, as the device had them
   * @param chosen numbers by name, as they are stored
   * @param millisBefore milliseconds of the work's ops that use these kernels, with {@code before}
   * @param millisChosen the same with {@code chosen}
   * @param tried candidates measured or given up
   * @param skipped those that could not be measured or gave other results, and why
   */
  record Choice(
      String kernels,
      Map<String, Integer> before,
      Map<String, Integer> chosen,
      double millisBefore,
      double millisChosen,
      int tried,
      List<String> skipped) {}

  /**
   * All that was found.
   *
   * @param choices of the kernels that the work uses and that have numbers to choose
   * @param file where they are stored; empty if the device may not store anything
   */
  record Result(List<Choice> choices, Optional<Path> file) {}

  /**
   * Times candidates for each kernel on the work, and stores the best. A candidate counts only if
   * its results are those of the numbers the kernels come with.
   *
   * @param most candidates for each kernel, at least 1
   * @throws DeviceException if the device fails
   * @throws IOException if what was found cannot be stored
   */
  Result tune(List<Work> work, int most, Listener listener) throws IOException;
}
