package dev.heed.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.heed.device.DeviceException;
import dev.heed.kernels.Kernels;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** CUDA's compiler as a library, for builds that had no nvcc. */
@SuppressWarnings("restricted")
final class Nvrtc {
  private static final List<String> NAMES =
      List.of(
          "libnvrtc.so.13",
          "libnvrtc.so.12",
          "libnvrtc.so",
          "/usr/local/cuda/lib64/libnvrtc.so",
          "nvrtc64_130_0.dll",
          "nvrtc64_120_0.dll");
  private static final Pattern INCLUDE = Pattern.compile("^#include \"(.*)\"", Pattern.MULTILINE);
  private static final String MAIN = "heed.cu";

  private final SymbolLookup library;

  private Nvrtc(SymbolLookup library) {
    this.library = library;
  }

  /** The library, if it is installed. */
  static Optional<Nvrtc> open() {
    for (String name : NAMES) {
      try {
        return Optional.of(new Nvrtc(SymbolLookup.libraryLookup(name, Arena.global())));
      } catch (IllegalArgumentException e) {
        continue; // not this one
      }
    }
    return Optional.empty();
  }

  /**
   * Compiles all kernels to PTX.
   *
   * @param capability 10 major + minor
   * @throws DeviceException.KernelBuild if the compiler refuses; the cause has its log
   */
  byte[] compile(int capability) {
    Map<String, String> sources = sources();
    String main = sources.remove(MAIN);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment program = arena.allocate(ADDRESS);
      call(
          "nvrtcCreateProgram",
          program,
          arena.allocateFrom(main),
          arena.allocateFrom(MAIN),
          sources.size(),
          strings(arena, List.copyOf(sources.values())),
          strings(arena, List.copyOf(sources.keySet())));
      MemorySegment handle = program.get(ADDRESS, 0);
      try {
        List<String> options =
            List.of("--std=c++17", "--gpu-architecture=compute_" + architecture(capability));
        int result = result("nvrtcCompileProgram", handle, options.size(), strings(arena, options));
        if (result != 0) {
          throw new DeviceException.KernelBuild(
              "cuda: kernels/cuda/heed.cu does not compile for compute_%d with NVRTC"
                  .formatted(capability),
              new IllegalStateException(text(arena, handle, "nvrtcGetProgramLog")));
        }
        return (text(arena, handle, "nvrtcGetPTX") + "\0").getBytes(StandardCharsets.UTF_8);
      } finally {
        call("nvrtcDestroyProgram", program);
      }
    }
  }

  /** Hopper's, with what other GPUs lack. */
  private static String architecture(int capability) {
    return capability == 90 ? "90a" : String.valueOf(capability);
  }

  /** What {@link #MAIN} includes, and itself, by name. */
  static Map<String, String> sources() {
    Map<String, String> all = new LinkedHashMap<>();
    Deque<String> wanted = new ArrayDeque<>(List.of(MAIN));
    while (!wanted.isEmpty()) {
      String name = wanted.pop();
      if (name.equals("emulated.h") || all.containsKey(name)) {
        continue;
      }
      try (InputStream in = Kernels.open("cuda/" + name)) {
        all.put(name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      Matcher included = INCLUDE.matcher(all.get(name));
      while (included.find()) {
        wanted.add(included.group(1));
      }
    }
    return all;
  }

  private String text(Arena arena, MemorySegment program, String what) {
    MemorySegment size = arena.allocate(JAVA_LONG);
    call(what + "Size", program, size);
    MemorySegment text = arena.allocate(Math.max(1, size.get(JAVA_LONG, 0)));
    call(what, program, text);
    return text.getString(0);
  }

  private static MemorySegment strings(Arena arena, List<String> all) {
    MemorySegment array = arena.allocate(ADDRESS, Math.max(1, all.size()));
    for (int i = 0; i < all.size(); i++) {
      array.setAtIndex(ADDRESS, i, arena.allocateFrom(all.get(i)));
    }
    return array;
  }

  private void call(String name, Object... arguments) {
    int result = result(name, arguments);
    if (result != 0) {
      throw new DeviceException.Unavailable("cuda: %s fails with %d".formatted(name, result));
    }
  }

  private int result(String name, Object... arguments) {
    MemoryLayout[] layouts = new MemoryLayout[arguments.length];
    for (int i = 0; i < layouts.length; i++) {
      ValueLayout layout = arguments[i] instanceof Integer ? JAVA_INT : ADDRESS;
      layouts[i] = layout;
    }
    MethodHandle handle =
        Linker.nativeLinker()
            .downcallHandle(library.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, layouts));
    try {
      return (int) handle.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
