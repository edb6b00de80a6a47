package dev.heed.cuda;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a machine may have besides the driver: compute-sanitizer and PyTorch. */
final class ForeignTools {
  /** Small shapes of every op: a sanitizer slows kernels down a hundred times. */
  private static final String SMALL_CASES =
      "^(Copy|Fill|Cast|Gather|StoreRows|Add|Mul|Norm|Rope|Softmax|Pool|TopK|QkvRopeStore|AddNorm|Sample): "
          + "|^MatMul: (\\[1?[0-9], |Q[0-9]_[0-9K] weights \\[3, )"
          + "|^Linear: (Q|BF16 \\[150)|^GatedLinear: (F32|BF16 \\[140)"
          + "|^Attention: (head size (40|64)|pages of 16|unequal)";

  private static final Pattern SUMMARY = Pattern.compile("ERROR SUMMARY: (\\d+) error");
  private static final long MINUTES = 20;

  private ForeignTools() {}

  private static Optional<Path> find(String program, Path... folders) {
    String path = System.getenv().getOrDefault("PATH", "");
    return Stream.concat(
            Stream.of(path.split(":")).filter(p -> !p.isEmpty()).map(Path::of), Stream.of(folders))
        .map(folder -> folder.resolve(program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** {@code 0 errors}, or how many, or {@code skipped} and why. */
  static String sanitizer(String tool, Path folder) throws IOException, InterruptedException {
    Optional<Path> program = find("compute-sanitizer", Path.of("/usr/local/cuda/bin"));
    if (program.isEmpty()) {
      return "skipped: compute-sanitizer is not installed";
    }
    Path log = Files.createTempFile("sanitizer-" + tool, ".log");
    List<String> command = new ArrayList<>(List.of(program.get().toString(), "--tool", tool));
    command.addAll(List.of("--log-file", log.toString()));
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(
        List.of(
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-Dheed.tck.cases=" + SMALL_CASES,
            "-Dheed.shared=" + folder.resolve("none"),
            "-cp",
            System.getProperty("java.class.path"),
            GpuCheck.class.getName(),
            "--only",
            "tck",
            "--json",
            log + ".json"));
    boolean ended = run(command, log.resolveSibling(log.getFileName() + ".out"));
    Matcher summary = SUMMARY.matcher(Files.readString(log));
    return !ended || !summary.find()
        ? "no summary, see " + log
        : summary.group(1).equals("0") ? "0 errors" : summary.group(1) + " errors, see " + log;
  }

  /** PyTorch's times, or {@code skipped} and why. */
  static JsonNode pyTorch(Path folder, String size) throws IOException, InterruptedException {
    ObjectMapper json = new ObjectMapper();
    Path out = Files.createTempFile("pytorch", ".json");
    Path log = Files.createTempFile("pytorch", ".log");
    String python = find("python3").map(Path::toString).orElse("python3");
    String script = folder.resolve("peers/torch_gpu.py").toString();
    String shapes = folder.resolve("peers/gpu-shapes.json").toString();
    try {
      if (run(List.of(python, script, shapes, size, out.toString()), log)) {
        return json.readTree(out.toFile());
      }
    } catch (IOException e) {
      return json.createObjectNode().put("skipped", "no Python: " + e.getMessage());
    }
    String last = Files.readString(log).lines().reduce((a, b) -> b).orElse("no output");
    return json.createObjectNode().put("skipped", "no PyTorch: " + last);
  }

  /** Whether a command ended well. */
  private static boolean run(List<String> command, Path log)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      return false;
    }
    return process.exitValue() == 0;
  }
}
