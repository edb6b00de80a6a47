package dev.heed.tck;

import dev.heed.op.Op;
import java.util.function.Function;

/**
 * An op with data to run it on.
 *
 * @param op which op
 * @param name what is special about it; unique together with the op
 * @param build makes its tensors out of {@link Operands} and puts them together
 */
public record OpCase(Class<? extends Op> op, String name, Function<Operands, Op> build) {
  @Override
  public String toString() {
    return op.getSimpleName() + ": " + name;
  }
}
