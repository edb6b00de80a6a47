package dev.heed.opencl;

import dev.heed.device.Device;
import dev.heed.device.DeviceException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jocl.CLException;
import org.jocl.cl_context;
import org.jocl.cl_device_id;
import org.jocl.cl_program;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The built programs of a device: each is built when first asked for, or taken from the disk, and
 * kept until the device closes. Used by many threads.
 */
final class Programs implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Programs.class);

  /**
   * A kernel file and what specialises it.
   *
   * @param file below {@code kernels/opencl}
   * @param defines as in {@code -DX=F32 -DLANES=1}
   */
  record Key(String file, String defines) {}

  private final cl_context context;
  private final ClDevice device;
  private final String language;
  private final Optional<ProgramCache> cache;
  private final Map<String, String> sources = new ConcurrentHashMap<>();
  private final Map<Key, CompletableFuture<cl_program>> programs = new ConcurrentHashMap<>();
  private final AtomicInteger compiled = new AtomicInteger();
  private volatile Device.BuildListener listener = (done, all) -> {};

  /**
   * Programs of a device.
   *
   * @param language options that all programs have, as in {@code -cl-std=CL1.2 -DFP16}
   */
  Programs(cl_context context, ClDevice device, String language, Optional<ProgramCache> cache) {
    this.context = context;
    this.device = device;
    this.language = language;
    this.cache = cache;
  }

  cl_device_id device() {
    return device.id();
  }

  /** Tells this listener, and no other any more, of programs that are built side by side. */
  void onBuild(Device.BuildListener to) {
    listener = to;
  }

  /** Programs built from source so far: those that no disk cache had. */
  int compiled() {
    return compiled.get();
  }

  /**
   * A program, built if it is not yet.
   *
   * @throws DeviceException.KernelBuild if the driver's compiler refuses it
   */
  cl_program get(Key key) {
    CompletableFuture<cl_program> mine = new CompletableFuture<>();
    CompletableFuture<cl_program> there = programs.putIfAbsent(key, mine);
    if (there != null) {
      return join(there);
    }
    try {
      mine.complete(make(key));
    } catch (RuntimeException e) {
      programs.remove(key, mine); // whoever asks next tries again
      mine.completeExceptionally(e);
    }
    return join(mine);
  }

  private static cl_program join(CompletableFuture<cl_program> program) {
    try {
      return program.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof DeviceException d ? d : e;
    }
  }

  /** Builds several programs side by side, on all processors, and says so if it takes a while. */
  void prepare(Collection<Key> keys) {
    List<Key> missing = keys.stream().distinct().filter(k -> !programs.containsKey(k)).toList();
    if (missing.size() < 2) {
      missing.forEach(this::get);
      return;
    }
    AtomicInteger done = new AtomicInteger();
    int before = compiled();
    int threads = Math.min(missing.size(), Runtime.getRuntime().availableProcessors());
    try (ExecutorService builders =
        Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().factory())) {
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (Key key : missing) {
        all.add(
            CompletableFuture.runAsync(
                () -> {
                  get(key);
                  progress(done.incrementAndGet(), missing.size(), before);
                },
                builders));
      }
      all.forEach(CompletableFuture::join);
    } catch (CompletionException e) {
      throw e.getCause() instanceof DeviceException d ? d : e;
    }
  }

  private void progress(int done, int all, int before) {
    if (compiled() > before) {
      listener.built(done, all);
      LOG.debug("{}: built {} of {} kernel programs", device.name(), done, all);
    }
  }

  /** A kernel file with all it includes. */
  String source(String file) {
    return sources.computeIfAbsent(file, Source::of);
  }

  private cl_program make(Key key) {
    String source = source(key.file());
    String options = language + " " + key.defines();
    String name =
        ProgramCache.key(
            source,
            options,
            device.name(),
            device.driver(),
            device.version(),
            device.platformName());
    Optional<cl_program> kept = cache.flatMap(c -> c.read(name)).flatMap(b -> load(b, options));
    return kept.orElseGet(() -> compile(key, source, options, name));
  }

  /** Empty if the driver does not take the binary any more. */
  private Optional<cl_program> load(byte[] binary, String options) {
    StringBuilder log = new StringBuilder();
    try {
      return Optional.of(Cl.load(context, device.id(), binary, options, log));
    } catch (CLException e) {
      LOG.debug("{} refuses a kept program, {}: {}", device.name(), Cl.status(e), log);
      return Optional.empty();
    }
  }

  private cl_program compile(Key key, String source, String options, String name) {
    StringBuilder log = new StringBuilder();
    try {
      cl_program program = Cl.build(context, device.id(), source, options, log);
      compiled.incrementAndGet();
      cache.ifPresent(c -> keep(c, name, program));
      return program;
    } catch (CLException e) {
      throw new DeviceException.KernelBuild(
          "opencl: kernels/opencl/%s with %s does not build on %s: %s"
              .formatted(key.file(), key.defines(), device.name(), Cl.status(e)),
          new IllegalStateException(log.toString(), e));
    }
  }

  private void keep(ProgramCache to, String name, cl_program program) {
    try {
      byte[] binary = Cl.binary(program);
      if (binary.length > 0) {
        to.write(name, binary);
      }
    } catch (CLException e) {
      LOG.debug("{} gives no binary: {}", device.name(), Cl.status(e));
    }
  }

  @Override
  public void close() {
    for (CompletableFuture<cl_program> program : programs.values()) {
      if (program.isDone() && !program.isCompletedExceptionally()) {
        Cl.release(program.join());
      }
    }
    programs.clear();
  }
}
