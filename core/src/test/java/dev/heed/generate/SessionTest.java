package dev.heed.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heed.Sampling;
import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.model.DecoderModel;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A small random Llama: tokens chosen on the device, and on the host from the same logits. */
class SessionTest {
  private static final int[] PROMPT = {5, 6, 7, 5};
  private static final int TOKENS = 40;
  @TempDir private static Path folder;
  private static TinyDecoder tiny;
  private static Device device;
  private static DecoderModel model;

  @BeforeAll
  static void load() throws IOException {
    tiny = TinyDecoder.load(folder);
    device = tiny.device();
    model = tiny.model();
  }

  @AfterAll
  static void close() {
    if (tiny != null) { // null where there was no device to open
      tiny.close();
    }
  }

  /** Tokens chosen by a sampler of the host from the logits of each step. */
  private static int[] fromLogits(Sampling sampling) {
    Sampler sampler = new Sampler(sampling, model.dimensions().vocabulary());
    int[] tokens = new int[TOKENS];
    try (Session session = Session.open(model, device, DType.F32)) {
      for (int id : PROMPT) {
        sampler.accept(id);
      }
      MemorySegment logits = session.prefill(PROMPT, () -> false);
      for (int i = 0; i < TOKENS; i++) {
        tokens[i] = sampler.next(logits);
        sampler.accept(tokens[i]);
        logits = session.step(tokens[i]);
      }
    }
    return tokens;
  }

  private static int[] chosen(Session session, Sampling sampling) {
    return chosen(session, sampling, false);
  }

  private static int[] chosen(Session session, Sampling sampling, boolean ahead) {
    int[] tokens = new int[TOKENS];
    tokens[0] = session.first(PROMPT, sampling, () -> false);
    for (int i = 1; i < TOKENS; i++) {
      tokens[i] = session.next(ahead);
    }
    return tokens;
  }

  @ParameterizedTest
  @CsvSource({"0, 0, 1, 0, 1", "0, 0, 1, 0, 1.5", "1, 0, 1, 0, 1", "0.9, 9, 0.8, 0.01, 1.3"})
  void choosesWhatTheLogitsSay(float temperature, int topK, float topP, float minP, float penalty) {
    Sampling sampling =
        Sampling.greedy()
            .temperature(temperature)
            .topK(topK)
            .topP(topP)
            .minP(minP)
            .repetitionPenalty(penalty)
            .seed(0x1_0000_0007L);
    int[] want = fromLogits(sampling);
    try (Session session = Session.open(model, device, DType.F32)) {
      assertArrayEquals(want, chosen(session, sampling));
      assertArrayEquals(want, chosen(session, sampling), "the same session again");
    }
    try (Session session = Session.open(model, asynchronous(device), DType.F32)) {
      assertArrayEquals(want, chosen(session, sampling, true), "a step ahead");
      assertArrayEquals(want, chosen(session, sampling, true), "behind a step that nobody wanted");
    }
    try (Session session = Session.open(model, withoutSample(device), DType.F32)) {
      assertArrayEquals(want, chosen(session, sampling, true), "on the host");
    }
  }

  @Test
  void cancelledBeforeTheFirst() {
    try (Session session = Session.open(model, device, DType.F32)) {
      assertEquals(-1, session.first(PROMPT, Sampling.greedy(), () -> true));
    }
  }

  /** A step that was begun and not wanted leaves no trace, whatever comes next. */
  @Test
  void aStepAheadIsForgotten() {
    try (Session session = Session.open(model, asynchronous(device), DType.F32);
        Session other = Session.open(model, device, DType.F32)) {
      int[] tokens = chosen(session, Sampling.greedy(), true);
      assertArrayEquals(tokens, chosen(other, Sampling.greedy()));
      for (int i = 0; i < 3; i++) {
        assertEquals(other.length(), session.length());
        assertEquals(-1, other.step(7 + i).mismatch(session.step(7 + i)), "logits of step " + i);
      }
      chosen(session, Sampling.greedy(), true);
      session.reset();
      other.reset();
      assertEquals(
          -1, other.prefill(PROMPT, () -> false).mismatch(session.prefill(PROMPT, () -> false)));
      assertEquals(PROMPT.length, session.length());
    }
  }

  @Test
  void noStepIsBegunWhereTheContextEnds() {
    try (Session session = Session.open(model, asynchronous(device), DType.F32);
        Session other = Session.open(model, device, DType.F32)) {
      assertEquals(
          other.first(PROMPT, Sampling.greedy(), () -> false),
          session.first(PROMPT, Sampling.greedy(), () -> false));
      while (session.length() < session.context()) {
        assertEquals(other.next(), session.next(true));
      }
      assertThrows(IllegalArgumentException.class, () -> session.next(true));
    }
  }

  /** The device, with queues that belong to it, as if it had no kernel for Sample. */
  private static Device withoutSample(Device real) {
    return around(real, (o, yes) -> yes && !(o instanceof Op.Sample), (name, result) -> result);
  }

  /** The device, with queues that say they work beside the host. */
  private static Device asynchronous(Device real) {
    return around(
        real, (o, yes) -> yes, (name, result) -> name.equals("isAsynchronous") ? true : result);
  }

  private static Device around(
      Device real,
      BiPredicate<Object, Boolean> supports,
      BiFunction<String, Object, Object> queue) {
    Device[] self = new Device[1];
    self[0] =
        around(
            Device.class,
            real,
            (name, arguments, result) ->
                switch (name) {
                  case "supports" -> supports.test(arguments[0], (boolean) result);
                  case "openQueue" ->
                      around(
                          CommandQueue.class,
                          result,
                          (n, a, r) -> n.equals("device") ? self[0] : queue.apply(n, r));
                  default -> result;
                });
    return self[0];
  }

  private interface Change {
    Object of(String method, Object[] arguments, Object result);
  }

  private static <T> T around(Class<T> type, Object real, Change change) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                return change.of(method.getName(), arguments, method.invoke(real, arguments));
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }
}
