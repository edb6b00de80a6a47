package dev.heed.kernels;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;

/**
 * Opens the kernel files of this module, which a backend cannot see across a module border by
 * itself.
 */
public final class Kernels {
  private Kernels() {}

  /**
   * Opens a kernel file or a tuning file.
   *
   * @param path below {@code kernels/}, such as {@code opencl/norm.cl} or {@code cuda/heed.fatbin}
   * @throws FileNotFoundException if there is no such file
   */
  public static InputStream open(String path) throws IOException {
    InputStream in = Kernels.class.getResourceAsStream("/kernels/" + path);
    if (in == null) {
      throw new FileNotFoundException("kernels/" + path + ": no such kernel file in heed-kernels");
    }
    return in;
  }
}
