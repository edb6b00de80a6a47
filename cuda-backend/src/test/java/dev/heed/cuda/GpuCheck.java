package dev.heed.cuda;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.heed.device.CommandQueue;
import dev.heed.device.ComputeTypes;
import dev.heed.device.Device;
import dev.heed.device.DeviceInfo;
import dev.heed.device.DeviceProvider;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything there is to find out on a machine with an NVIDIA GPU, in one run: the conformance
 * suite, whole models against golden values in F32 and in 16 bits, what closing leaves behind,
 * compute-sanitizer, and times beside PyTorch's. Prints a table and writes a JSON. The main class
 * of scripts/gpu-check's folder.
 *
 * <pre>
 * --quick          small shapes, few repeats
 * --only A,B       of: tck, models, leaks, sanitizer, bench
 * --folder DIR     where shapes, peers and golden files are
 * --json FILE      where the results go
 * </pre>
 */
final class GpuCheck {
  private static final List<String> ALL = List.of("tck", "models", "leaks", "sanitizer", "bench");
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final PrintStream out;
  private final Map<String, Object> results = new LinkedHashMap<>();
  private final List<String> failures = new ArrayList<>();
  private boolean quick;
  private List<String> steps = ALL;
  private Path folder = Path.of(".");
  private Path json = Path.of("gpu-check.json");

  GpuCheck(PrintStream out) {
    this.out = out;
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    System.exit(new GpuCheck(System.out).run(args));
  }

  /** Exit code 0 if all is well, 1 if something failed or there is no GPU, 2 for wrong usage. */
  int run(String... args) throws IOException, InterruptedException {
    if (!parse(args)) {
      out.println(
          "gpu-check: usage: [--quick] [--only tck,models,...] [--folder DIR] [--json FILE]");
      return 2;
    }
    DeviceProvider.Discovery found = new CudaProvider().discover();
    if (found.devices().isEmpty()) {
      out.println("gpu-check: no GPU to check: " + found.whyNone().orElse("none found"));
      return 1;
    }
    DeviceInfo info = found.devices().getFirst();
    results.put("gpu", info.name());
    results.put("driver", info.driver());
    results.put("java", Runtime.version().toString());
    results.put("quick", quick);
    out.printf("%s, %s%n", info.name(), info.driver());
    for (String step : steps) {
      step(step, info);
    }
    results.put("failures", failures);
    Files.createDirectories(json.toAbsolutePath().getParent());
    JSON.writeValue(json.toFile(), results);
    out.printf("%n%s; written to %s%n", verdict(), json);
    return failures.isEmpty() ? 0 : 1;
  }

  private String verdict() {
    return failures.isEmpty() ? "all well" : "FAILED: " + String.join("; ", failures);
  }

  private boolean parse(String[] args) {
    for (int i = 0; i < args.length; i++) {
      boolean more = i + 1 < args.length;
      switch (args[i]) {
        case "--quick" -> quick = true;
        case "--only" -> steps = more ? Arrays.asList(args[++i].split(",")) : List.of("?");
        case "--folder" -> folder = Path.of(more ? args[++i] : ".");
        case "--json" -> json = Path.of(more ? args[++i] : "gpu-check.json");
        default -> {
          return false;
        }
      }
    }
    return ALL.containsAll(steps);
  }

  private void step(String step, DeviceInfo info) throws IOException, InterruptedException {
    out.printf("%n== %s%n", step);
    long start = System.nanoTime();
    switch (step) {
      case "tck" -> suite(info);
      case "models" -> models(info);
      case "leaks" -> leaks(info);
      case "sanitizer" -> sanitizer();
      default -> benchmarks(info);
    }
    out.printf("   %.1f s%n", (System.nanoTime() - start) / 1e9);
  }

  /** The kernels as they are by default, and with what is for Hopper and off by default. */
  private void suite(DeviceInfo info) {
    tests("tck", "dev.heed.cuda.CudaDeviceTest");
    if (HopperDeviceTest.isHopper(info)) {
      out.println("   with wgmma and early launches:");
      tests("tck with wgmma and early launches", "dev.heed.cuda.HopperDeviceTest");
    }
  }

  /** In F32, and in the 16-bit types, of which BF16 is the default. */
  private void models(DeviceInfo info) {
    System.setProperty(ComputeTypes.PROPERTY, "f32");
    tests("models in F32", "dev.heed.model.GoldenModelsTest");
    System.clearProperty(ComputeTypes.PROPERTY);
    tests("models in 16 bits", "dev.heed.model.HalfModelsTest");
    if (HopperDeviceTest.isHopper(info)) {
      out.println("   with wgmma and early launches:");
      System.setProperty(Options.WGMMA, "1");
      System.setProperty(Options.EARLY, "true");
      tests("models with wgmma and early launches", "dev.heed.model.HalfModelsTest");
      System.clearProperty(Options.WGMMA);
      System.clearProperty(Options.EARLY);
    }
  }

  private void tests(String step, String testClass) {
    JUnitRun run = new JUnitRun(testClass, out);
    results.put(step, run.summary());
    if (run.failed() > 0 || run.passed() == 0) {
      failures.add("%s: %d failed, %d passed".formatted(step, run.failed(), run.passed()));
    }
  }

  /** Opens, uses and closes the device, and compares the memory that is free. */
  private void leaks(DeviceInfo info) {
    Cu cu = new DriverCu();
    List<Long> free = new ArrayList<>();
    long context = cu.retainContext(info.index()); // keeps what the context itself takes
    for (int i = 0; i < 4; i++) {
      try (Device device = new CudaProvider().open(info)) {
        use(device);
      }
      cu.makeCurrent(context);
      free.add(cu.memoryInfo().free());
    }
    cu.releaseContext(info.index());
    long lost = free.getFirst() - free.getLast();
    out.printf("   free after each of four openings: %s bytes%n", free);
    results.put("leaks", Map.of("freeAfterEach", free, "lostBytes", lost));
    if (lost > 0) {
      failures.add("leaks: %d bytes".formatted(lost));
    }
  }

  private static void use(Device device) {
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(1 << 20, arena)) {
      Tensor t =
          Tensor.of(device.allocate(1 << 26, Usage.STATE, arena), 0, Shape.of(1 << 20), DType.F32);
      queue.upload(arena.allocate(t.byteSize()), t);
      queue.record(List.of(new Op.Fill(t, 1))).replay();
      queue.synchronize();
    }
    device.allocate(1 << 20, Usage.STATE, Arena.ofAuto()); // left to close()
  }

  private void sanitizer() throws IOException, InterruptedException {
    Map<String, Object> found = new LinkedHashMap<>();
    for (String tool : List.of("memcheck", "racecheck", "initcheck", "synccheck")) {
      String errors = ForeignTools.sanitizer(tool, folder);
      found.put(tool, errors);
      out.printf("   %s: %s%n", tool, errors);
      if (!errors.equals("0 errors") && !errors.startsWith("skipped")) {
        failures.add(tool + ": " + errors);
      }
    }
    results.put("sanitizer", found);
  }

  private static Device open(Options options, DeviceInfo info) {
    return new CudaProvider(DriverCu::new, KernelImage.ofBuild(), () -> options).open(info);
  }

  private void benchmarks(DeviceInfo info) throws IOException, InterruptedException {
    Path file = folder.resolve("peers/gpu-shapes.json");
    String size = quick ? "quick" : "full";
    JsonNode shapes = JSON.readTree(file.toFile()).get(size);
    Map<String, Double> ours = new LinkedHashMap<>();
    GpuBenchmarks benchmarks = new GpuBenchmarks(shapes, quick ? 3 : 20, ours, failures);
    try (Device device = open(Options.OFF, info)) {
      benchmarks.run(device);
    }
    if (HopperDeviceTest.isHopper(info)) {
      try (Device device = open(new Options(1, false), info)) {
        benchmarks.runAgain(device, "wgmma");
      }
      try (Device device = open(HopperDeviceTest.ALL_ON, info)) {
        benchmarks.runAgain(device, "wgmma, early");
      }
    }
    JsonNode peers = ForeignTools.pyTorch(folder, size);
    results.put("milliseconds", ours);
    results.put("pyTorch", peers);
    new BenchTable(ours, peers).print(out);
  }
}
