/**
 * Heed's engine: tensors, ops, the device SPI, the embedded CPU device, checkpoints, models, text
 * and generation.
 */
@SuppressWarnings("requires-automatic")
module dev.heed.core {
  requires static jdk.incubator.vector;
  requires com.fasterxml.jackson.databind;
  requires ai.djl.tokenizers;
  requires org.slf4j;
  requires java.management;
  requires static jdk.management;

  uses dev.heed.device.DeviceProvider;

  provides dev.heed.device.DeviceProvider with
      dev.heed.device.cpu.CpuProvider;

  exports dev.heed;
  exports dev.heed.checkpoint;
  exports dev.heed.device;
  exports dev.heed.generate;
  exports dev.heed.model;
  exports dev.heed.nn;
  exports dev.heed.op;
  exports dev.heed.tensor;
  exports dev.heed.text;
}
