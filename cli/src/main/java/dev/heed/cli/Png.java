package dev.heed.cli;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;

/**
 * A picture of at most 256 colours as a PNG file (ISO/IEC 15948). Written here, because {@code
 * javax.imageio} is in {@code java.desktop}, which small runtimes leave out.
 */
final class Png {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  private static final int BITS = 8;
  private static final int INDEXED = 3;

  private Png() {}

  /**
   * The file's bytes.
   *
   * @param palette colours, 0xRRGGBB
   * @param pixels index into the palette, row by row
   * @param title says what it shows
   */
  static byte[] of(int width, int height, int[] palette, byte[] pixels, String title)
      throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(file)) {
      out.write(SIGNATURE);
      chunk(
          out,
          "IHDR",
          header -> {
            header.writeInt(width);
            header.writeInt(height);
            header.write(new byte[] {BITS, INDEXED, 0, 0, 0});
          });
      chunk(
          out,
          "iTXt",
          text -> {
            text.write("Title\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1));
            text.write(title.getBytes(StandardCharsets.UTF_8));
          });
      chunk(
          out,
          "PLTE",
          colours -> {
            for (int rgb : palette) {
              colours.write(new byte[] {(byte) (rgb >> 16), (byte) (rgb >> 8), (byte) rgb});
            }
          });
      chunk(
          out,
          "IDAT",
          data -> {
            try (DeflaterOutputStream deflated = new DeflaterOutputStream(data)) {
              for (int y = 0; y < height; y++) {
                deflated.write(0); // no filter
                deflated.write(pixels, y * width, width);
              }
            }
          });
      chunk(out, "IEND", nothing -> {});
    }
    return file.toByteArray();
  }

  private interface Body {
    void write(DataOutputStream to) throws IOException;
  }

  private static void chunk(DataOutputStream out, String type, Body body) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream to = new DataOutputStream(bytes);
    to.writeBytes(type);
    body.write(to);
    to.flush();
    CRC32 crc = new CRC32();
    crc.update(bytes.toByteArray());
    out.writeInt(bytes.size() - 4);
    bytes.writeTo(out);
    out.writeInt((int) crc.getValue());
  }
}
