package dev.heed.tck.golden;

import dev.heed.op.Op;
import dev.heed.tck.Operands;
import dev.heed.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A result that somebody else's software computed.
 *
 * @param name as its source has it
 * @param notApplicable why no op can be compared with it
 * @param build makes the op and what to compare
 */
public record GoldenCase(
    String name, Optional<String> notApplicable, Function<Operands, Run> build) {

  /** A case to run. */
  static GoldenCase of(String name, Function<Operands, Run> build) {
    return new GoldenCase(name, Optional.empty(), build);
  }

  /** A case that is listed only. */
  static GoldenCase notApplicable(String name, String why) {
    return new GoldenCase(
        name,
        Optional.of(why),
        o -> {
          throw new IllegalStateException(name + ": " + why);
        });
  }

  /** An op and its results. */
  public record Run(Op op, List<Expected> expected) {
    /** One result. */
    static Run of(Op op, Tensor out, double[] want, Rule rule, double limit) {
      return new Run(op, List.of(new Expected(out, want, rule, limit)));
    }
  }

  /** What a tensor must hold. */
  public record Expected(Tensor out, double[] want, Rule rule, double limit) {}

  /** How results are compared. */
  public enum Rule {
    /** The limit is absolute and relative. */
    CLOSE,
    /** The same bits. */
    BITS,
    /** Normalised mean square error. */
    NMSE
  }
}
