/** OpenCL devices for Heed, through JOCL. */
@SuppressWarnings("requires-automatic")
module dev.heed.opencl {
  requires dev.heed.core;
  requires dev.heed.kernels;
  requires jocl;
  requires org.slf4j;

  provides dev.heed.device.DeviceProvider with
      dev.heed.opencl.OpenClProvider;
}
