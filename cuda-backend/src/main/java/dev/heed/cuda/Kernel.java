package dev.heed.cuda;

import dev.heed.tensor.DType;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** Every kernel function, with the threads of its blocks. */
enum Kernel {
  COPY(256),
  FILL(256),
  CAST(256),
  CAST_Q8_0(256),
  GATHER(256),
  STOREROWS(256),
  ADD(256),
  MUL(256),
  ACTIVATE(256),
  DROPOUT(256),
  ADVANCE(32),
  NORM(256),
  ROPE(256),
  SOFTMAX(256),
  POOL(256),
  TOPK(256),
  MATMUL(256),
  MATMUL_MMA_F16(256, TensorCoreProduct.stageBytes(128)),
  MATMUL_MMA_BF16(256, TensorCoreProduct.stageBytes(128)),
  MATMUL_MMA_SMALL_F16(128),
  MATMUL_MMA_SMALL_BF16(128),
  MATMUL_WGMMA_F16(WgmmaProduct.THREADS, WgmmaProduct.SHARED_BYTES),
  MATMUL_WGMMA_BF16(WgmmaProduct.THREADS, WgmmaProduct.SHARED_BYTES),
  MATMUL_BLOCKS_F16(256),
  MATMUL_BLOCKS_BF16(256),
  MATMUL_BYTES(256),
  MATVEC_MMA_F16(256),
  MATVEC_MMA_BF16(256),
  QKVROPESTORE(128),
  ATTENTION_1(256),
  ATTENTION_4(256),
  ATTENTION_8(256),
  ATTENTION_MMA_F16_64(256, FlashLaunch.MOST_SHARED),
  ATTENTION_MMA_F16_96(256, FlashLaunch.MOST_SHARED),
  ATTENTION_MMA_F16_128(256, FlashLaunch.MOST_SHARED),
  ATTENTION_FEW_F16_64(128, FlashLaunch.MOST_SHARED),
  ATTENTION_FEW_F16_96(128, FlashLaunch.MOST_SHARED),
  ATTENTION_FEW_F16_128(128, FlashLaunch.MOST_SHARED),
  ATTENTION_FEW_F16_256(128, FlashLaunch.MOST_SHARED),
  ATTENTION_MMA_BF16_64(256, FlashLaunch.MOST_SHARED),
  ATTENTION_MMA_BF16_96(256, FlashLaunch.MOST_SHARED),
  ATTENTION_MMA_BF16_128(256, FlashLaunch.MOST_SHARED),
  ATTENTION_FEW_BF16_64(128, FlashLaunch.MOST_SHARED),
  ATTENTION_FEW_BF16_96(128, FlashLaunch.MOST_SHARED),
  ATTENTION_FEW_BF16_128(128, FlashLaunch.MOST_SHARED),
  ATTENTION_FEW_BF16_256(128, FlashLaunch.MOST_SHARED),
  COMBINE_ATTENTION(256),
  SAMPLE(512),
  RANDOM(256),
  PACK(256),
  UNPACK_ROWS(256),
  MATVEC_F32_1(256),
  MATVEC_F32_4(256),
  MATVEC_F16_1(256),
  MATVEC_F16_4(256),
  MATVEC_BF16_1(256),
  MATVEC_BF16_4(256),
  MATVEC_Q8_0_1(256),
  MATVEC_Q8_0_4(256),
  MATVEC_Q4_0_1(256),
  MATVEC_Q4_0_4(256),
  MATVEC_Q4_1_1(256),
  MATVEC_Q4_1_4(256),
  MATVEC_Q5_0_1(256),
  MATVEC_Q5_0_4(256),
  MATVEC_Q5_1_1(256),
  MATVEC_Q5_1_4(256),
  MATVEC_Q4_K_1(256),
  MATVEC_Q4_K_4(256),
  MATVEC_Q5_K_1(256),
  MATVEC_Q5_K_4(256),
  MATVEC_Q6_K_1(256),
  MATVEC_Q6_K_4(256),
  MATVEC_BYTES_Q8_0_1(256),
  MATVEC_BYTES_Q8_0_4(256),
  MATVEC_BYTES_Q4_0_1(256),
  MATVEC_BYTES_Q4_0_4(256),
  MATVEC_BYTES_Q4_1_1(256),
  MATVEC_BYTES_Q4_1_4(256),
  MATVEC_BYTES_Q5_0_1(256),
  MATVEC_BYTES_Q5_0_4(256),
  MATVEC_BYTES_Q5_1_1(256),
  MATVEC_BYTES_Q5_1_4(256),
  MATVEC_BYTES_Q4_K_1(256),
  MATVEC_BYTES_Q4_K_4(256),
  MATVEC_BYTES_Q5_K_1(256),
  MATVEC_BYTES_Q5_K_4(256),
  MATVEC_BYTES_Q6_K_1(256),
  MATVEC_BYTES_Q6_K_4(256),
  MATVEC_BLOCKS_F16_Q8_0(256),
  MATVEC_BLOCKS_F16_Q4_0(256),
  MATVEC_BLOCKS_F16_Q4_1(256),
  MATVEC_BLOCKS_F16_Q5_0(256),
  MATVEC_BLOCKS_F16_Q5_1(256),
  MATVEC_BLOCKS_F16_Q4_K(256),
  MATVEC_BLOCKS_F16_Q5_K(256),
  MATVEC_BLOCKS_F16_Q6_K(256),
  MATVEC_BLOCKS_BF16_Q8_0(256),
  MATVEC_BLOCKS_BF16_Q4_0(256),
  MATVEC_BLOCKS_BF16_Q4_1(256),
  MATVEC_BLOCKS_BF16_Q5_0(256),
  MATVEC_BLOCKS_BF16_Q5_1(256),
  MATVEC_BLOCKS_BF16_Q4_K(256),
  MATVEC_BLOCKS_BF16_Q5_K(256),
  MATVEC_BLOCKS_BF16_Q6_K(256);

  /** What a launch may have without asking. */
  static final int SHARED_UNASKED = 48 << 10;

  private static final Map<DType, Kernel> ONE_ROW = matvecs(1);
  private static final Map<DType, Kernel> FOUR_ROWS = matvecs(4);
  private static final Map<DType, Kernel> ONE_ROW_OF_BYTES = blocks("MATVEC_BYTES_%s_1");
  private static final Map<DType, Kernel> FOUR_ROWS_OF_BYTES = blocks("MATVEC_BYTES_%s_4");
  private static final Map<DType, Kernel> BLOCKS_BY_F16 = blocks("MATVEC_BLOCKS_F16_%s");
  private static final Map<DType, Kernel> BLOCKS_BY_BF16 = blocks("MATVEC_BLOCKS_BF16_%s");

  private final int threads;
  private final int mostShared;
  private final String symbol = "heed_" + name().toLowerCase(Locale.ROOT);

  Kernel(int threads) {
    this(threads, SHARED_UNASKED);
  }

  Kernel(int threads, int mostShared) {
    this.threads = threads;
    this.mostShared = mostShared;
  }

  /** The launch bound. */
  int threads() {
    return threads;
  }

  /** Bytes of dynamic shared memory that a launch may want. */
  int mostShared() {
    return mostShared;
  }

  /** Whether only Hopper's machine code has it. */
  boolean hopper() {
    return this == MATMUL_WGMMA_F16 || this == MATMUL_WGMMA_BF16;
  }

  /** The name in the module. */
  String symbol() {
    return symbol;
  }

  /** For weights of a type, and 1 or 4 rows of x at a time. */
  static Kernel matvec(DType type, int rows) {
    return (rows == 1 ? ONE_ROW : FOUR_ROWS).get(type);
  }

  /** For rows of x in blocks of Q8_0 and weights of a block type, 1 or 4 rows at a time. */
  static Kernel matvecBytes(DType weights, int rows) {
    return (rows == 1 ? ONE_ROW_OF_BYTES : FOUR_ROWS_OF_BYTES).get(weights);
  }

  /** For 16-bit rows of x and weights of a block type. */
  static Kernel matvecBlocks(DType x, DType weights) {
    return (x == DType.F16 ? BLOCKS_BY_F16 : BLOCKS_BY_BF16).get(weights);
  }

  /** The kernels of a name, by the block type in it. */
  private static Map<DType, Kernel> blocks(String name) {
    Map<DType, Kernel> all = new EnumMap<>(DType.class);
    for (DType type : DType.values()) {
      if (type.isBlock()) {
        all.put(type, valueOf(name.formatted(type)));
      }
    }
    return all;
  }

  private static Map<DType, Kernel> matvecs(int rows) {
    Map<DType, Kernel> all = new EnumMap<>(DType.class);
    for (DType type : DType.values()) {
      if (type != DType.I32 && type != DType.I8) {
        all.put(type, valueOf("MATVEC_%s_%d".formatted(type, rows)));
      }
    }
    return all;
  }
}
