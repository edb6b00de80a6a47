package dev.heed.device.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkersTest {
  @Test
  void everyTaskRunsOnceInEachOfManyJobs() {
    try (Workers workers = new Workers(4)) {
      for (int job = 0; job < 2000; job++) {
        int n = job % 37;
        AtomicIntegerArray runs = new AtomicIntegerArray(37);
        workers.parallel(n, (i, worker) -> runs.incrementAndGet(i));
        for (int i = 0; i < 37; i++) {
          assertEquals(i < n ? 1 : 0, runs.get(i), "job " + job + " task " + i);
        }
      }
    }
  }

  @Test
  void jobsAfterThreadsHaveParkedRunToo() throws InterruptedException {
    try (Workers workers = new Workers(3)) {
      AtomicInteger runs = new AtomicInteger();
      for (int job = 0; job < 20; job++) {
        workers.parallel(10, (i, worker) -> runs.incrementAndGet());
        Thread.sleep(2);
      }
      assertEquals(200, runs.get());
    }
  }

  @Test
  void callersOnSeveralThreadsTakeTurns() throws InterruptedException {
    try (Workers workers = new Workers(3)) {
      AtomicInteger runs = new AtomicInteger();
      AtomicInteger jobsAtOnce = new AtomicInteger();
      List<Thread> callers = new ArrayList<>();
      List<Throwable> failures = new ArrayList<>();
      for (int c = 0; c < 4; c++) {
        Thread t =
            Thread.ofPlatform()
                .unstarted(
                    () -> {
                      for (int job = 0; job < 200; job++) {
                        Object own = new Object();
                        Object[] seen = new Object[8];
                        workers.parallel(
                            8,
                            (i, worker) -> {
                              seen[i] = own;
                              runs.incrementAndGet();
                            });
                        for (Object o : seen) {
                          if (o != own) {
                            jobsAtOnce.incrementAndGet();
                          }
                        }
                      }
                    });
        t.setUncaughtExceptionHandler((thread, e) -> failures.add(e));
        callers.add(t);
      }
      callers.forEach(Thread::start);
      for (Thread t : callers) {
        t.join();
      }
      assertEquals(List.of(), failures);
      assertEquals(0, jobsAtOnce.get());
      assertEquals(4 * 200 * 8, runs.get());
    }
  }

  @Test
  void aFailingTaskReachesTheCallerAndTheNextJobRuns() {
    try (Workers workers = new Workers(2)) {
      IndexOutOfBoundsException thrown =
          assertThrows(
              IndexOutOfBoundsException.class,
              () ->
                  workers.parallel(
                      50,
                      (i, worker) -> {
                        if (i == 33) {
                          throw new IndexOutOfBoundsException("task 33");
                        }
                      }));
      assertEquals("task 33", thrown.getMessage());
      AtomicInteger runs = new AtomicInteger();
      workers.parallel(5, (i, worker) -> runs.incrementAndGet());
      assertEquals(5, runs.get());
    }
  }

  @Test
  void closingEndsTheThreads() {
    Workers workers = new Workers(3);
    workers.parallel(3, (i, worker) -> assertTrue(worker >= 0 && worker < 3));
    workers.close();
    workers.close();
    assertThrows(IllegalStateException.class, () -> workers.parallel(1, (i, worker) -> {}));
  }

  @Test
  void threadsAreDaemons() {
    try (Workers workers = new Workers(2)) {
      assertEquals(2, workers.count());
      List<Thread> own =
          Thread.getAllStackTraces().keySet().stream()
              .filter(t -> t.getName().startsWith("heed-cpu-"))
              .toList();
      assertFalse(own.isEmpty());
      assertTrue(own.stream().allMatch(Thread::isDaemon));
    }
  }
}
