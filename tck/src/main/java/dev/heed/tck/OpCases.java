package dev.heed.tck;

import dev.heed.op.Op;
import dev.heed.tck.cases.AttentionCases;
import dev.heed.tck.cases.CacheCases;
import dev.heed.tck.cases.ElementwiseCases;
import dev.heed.tck.cases.FusedCases;
import dev.heed.tck.cases.MatMulCases;
import dev.heed.tck.cases.MovingCases;
import dev.heed.tck.cases.NormCases;
import dev.heed.tck.cases.RandomCases;
import dev.heed.tck.cases.RoundedWeightCases;
import dev.heed.tck.cases.RowCases;
import dev.heed.tck.cases.SampleCases;
import dev.heed.tensor.DType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** All cases of the conformance suite. */
public final class OpCases {
  private OpCases() {}

  /**
   * The cases for a device.
   *
   * @param computeTypes types the device calculates in, F32 among them
   */
  public static List<OpCase> all(Set<DType> computeTypes) {
    List<OpCase> all = new ArrayList<>();
    all.addAll(MovingCases.all());
    all.addAll(ElementwiseCases.all(computeTypes));
    all.addAll(NormCases.all(computeTypes));
    all.addAll(RowCases.all(computeTypes));
    all.addAll(MatMulCases.all(computeTypes));
    all.addAll(RoundedWeightCases.all());
    all.addAll(FusedCases.all(computeTypes));
    all.addAll(CacheCases.all(computeTypes));
    all.addAll(AttentionCases.all(computeTypes));
    all.addAll(RandomCases.all());
    all.addAll(SampleCases.all());
    Set<String> names = new HashSet<>();
    all.forEach(
        c -> {
          if (!names.add(c.toString())) {
            throw new IllegalStateException("two cases are called " + c);
          }
        });
    return all;
  }

  /** The ops of {@code dev.heed.op.Op}: every record under it. */
  public static Set<Class<?>> ops() {
    Set<Class<?>> records = new HashSet<>();
    collect(Op.class, records);
    return records;
  }

  private static void collect(Class<?> type, Set<Class<?>> records) {
    if (!type.isSealed()) {
      records.add(type);
      return;
    }
    for (Class<?> permitted : type.getPermittedSubclasses()) {
      collect(permitted, records);
    }
  }
}
