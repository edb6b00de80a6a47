/** CUDA devices for Heed, through JCuda's driver API. */
@SuppressWarnings("requires-automatic")
module dev.heed.cuda {
  requires dev.heed.core;
  requires dev.heed.kernels;
  requires jcuda;

  provides dev.heed.device.DeviceProvider with
      dev.heed.cuda.CudaProvider;
}
