package dev.heed.opencl;

import dev.heed.tensor.DType;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jocl.cl_command_queue;
import org.jocl.cl_kernel;

/**
 * The kernels of one queue: a specialised kernel is named by its entry and then its types and
 * numbers in the entry's order, and made when it is first asked for. Asking again makes no garbage.
 */
final class KernelSet {
  private static final String SUBGROUPS_INCLUDED = "#line 1 \"subgroups.cl\"";

  private final OpenClDevice device;
  private final Programs programs;
  private final int computeUnits;
  private final Family family;
  private final Subgroups subgroups;
  private final Tuning tuning;
  private final KernelCalls calls;
  private final Optional<SpinWait> spinWait;

  /** Open addressing: a kernel lies at its key's place or behind; the length is a power of 2. */
  private long[] keys = new long[64];

  private Kernel[] kernels = new Kernel[64];
  private int count;

  private Entry entry;
  private long key;
  private final String[] values = new String[16];
  private final DType[] types = new DType[16];
  private final int[] numbers = new int[16];
  private int given;

  /** Programs that would be needed, while nothing is to be launched; else null. */
  private List<Programs.Key> missing;

  /** Kernels of the recording in the making; else null. */
  private List<Kernel> recorded;

  private final List<List<Kernel>> recordings = new ArrayList<>();
  private final Kernel nothing;

  /**
   * Kernels of a queue.
   *
   * @param spinWait of the queue, where there is one
   * @param arena where their off-heap memory lives
   */
  KernelSet(
      OpenClDevice device,
      Programs programs,
      cl_command_queue queue,
      Tuning tuning,
      Optional<SpinWait> spinWait,
      Arena arena) {
    this.device = device;
    this.programs = programs;
    computeUnits = device.driver().computeUnits();
    family = device.family();
    subgroups = device.subgroups();
    this.tuning = tuning;
    this.spinWait = spinWait;
    calls = new KernelCalls(queue, arena);
    nothing = Kernel.nothing();
  }

  /** Groups that the device runs at a time, at least. */
  int computeUnits() {
    return computeUnits;
  }

  /** How products of rounded rows are made. */
  Dots dots() {
    return device.dots();
  }

  /** Work-items of a group of one subgroup. */
  int subgroupSize() {
    return subgroups.size();
  }

  /** Begins the name of a kernel. */
  KernelSet of(Entry e) {
    entry = e;
    key = 1L << Byte.SIZE | e.ordinal(); // the 1 is in front of all parameters
    given = 0;
    return this;
  }

  KernelSet type(DType type) {
    types[given++] = type;
    give(4, type.ordinal());
    return this;
  }

  /** A number below 16. */
  KernelSet code(int number) {
    types[given] = null;
    numbers[given++] = number;
    give(4, number);
    return this;
  }

  /** A number below 65536. */
  KernelSet number(int number) {
    types[given] = null;
    numbers[given++] = number;
    give(16, number);
    return this;
  }

  /** Puts a parameter between those before it and the entry, whose place is the lowest byte. */
  private void give(int bits, int parameter) {
    long before = key >>> Byte.SIZE;
    key = (before << bits | parameter) << Byte.SIZE | entry.ordinal();
  }

  /** The kernel that was named, ready for its arguments. */
  Kernel get() {
    if (recorded != null) {
      Kernel own = make(true);
      recorded.add(own);
      return own.start();
    }
    int at = place(key);
    if (kernels[at] == null) {
      if (missing != null) {
        missing.add(program());
        return nothing.start();
      }
      add(at, make(false));
      at = place(key);
    }
    return missing != null ? nothing.start() : kernels[at].start();
  }

  private int place(long wantedKey) {
    int mask = keys.length - 1;
    int at = (int) (wantedKey * 0x9E3779B97F4A7C15L >>> 40) & mask;
    while (kernels[at] != null && keys[at] != wantedKey) {
      at = at + 1 & mask;
    }
    return at;
  }

  private void add(int at, Kernel kernel) {
    keys[at] = key;
    kernels[at] = kernel;
    if (2 * ++count > keys.length) {
      long[] oldKeys = keys;
      Kernel[] old = kernels;
      keys = new long[2 * oldKeys.length];
      kernels = new Kernel[2 * old.length];
      for (int i = 0; i < old.length; i++) {
        if (old[i] != null) {
          int to = place(oldKeys[i]);
          keys[to] = oldKeys[i];
          kernels[to] = old[i];
        }
      }
    }
  }

  private Kernel make(boolean ofRecording) {
    cl_kernel made = Cl.createKernel(programs.get(program()), entry.function());
    int group = Cl.groupSize(made, programs.device());
    SpinWait waiting = entry.isLong() ? spinWait.orElse(null) : null;
    return new Kernel(calls, made, entry.function(), group, ofRecording, waiting);
  }

  private Programs.Key program() {
    StringBuilder defines = new StringBuilder(tuning.defines(entry, family));
    if (family == Family.SUBGROUP && programs.source(entry.file()).contains(SUBGROUPS_INCLUDED)) {
      defines.append(' ').append(subgroups.defines());
    }
    for (int i = 0; i < entry.macros(); i++) {
      String macro = entry.macro(i);
      String value = i >= given ? "1" : types[i] == null ? "" + numbers[i] : types[i].name();
      defines.append(" -D").append(macro).append('=').append(value);
      if (i < given && types[i] != null && !types[i].isBlock()) {
        defines.append(" -D").append(macro).append("_PLAIN");
      }
    }
    return new Programs.Key(entry.file(), defines.toString());
  }

  /** Runs {@code launches} without launching anything, then builds what it would have needed. */
  void prepare(Runnable launches) {
    programs.prepare(missing(launches));
  }

  /**
   * What {@code launches} would launch, each with a kernel of its own that has all its arguments.
   * {@link #forget} or {@link #close} releases them.
   */
  List<Kernel> record(Runnable launches) {
    prepare(launches);
    List<Kernel> all = new ArrayList<>();
    recordings.add(all);
    recorded = all;
    try {
      launches.run();
    } finally {
      recorded = null;
    }
    return all;
  }

  /** Releases the kernels of a recording; twice is harmless. */
  void forget(List<Kernel> recording) {
    recordings.removeIf(r -> r == recording);
    recording.forEach(Kernel::close);
    recording.clear();
  }

  /** Programs that the launches would need and no kernel has yet; nothing is launched. */
  List<Programs.Key> missing(Runnable launches) {
    List<Programs.Key> all = new ArrayList<>();
    missing = all;
    try {
      launches.run();
    } finally {
      missing = null;
    }
    return all;
  }

  void close() {
    List.copyOf(recordings).forEach(this::forget);
    for (int i = 0; i < kernels.length; i++) {
      if (kernels[i] != null) {
        kernels[i].close();
        kernels[i] = null;
      }
    }
  }
}
