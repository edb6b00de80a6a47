package dev.heed.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import org.jocl.CL;
import org.jocl.CLException;

/**
 * Native functions: of the OpenCL library where JOCL is slow or in the way, and of the C library.
 */
final class Downcalls {
  private Downcalls() {}

  /** A function of the library that JOCL has loaded. */
  @SuppressWarnings("restricted")
  static MethodHandle function(String name, FunctionDescriptor type, Linker.Option... options) {
    SymbolLookup library = SymbolLookup.libraryLookup(ClDevice.library(), Arena.global());
    return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), type, options);
  }

  /** A function of the C library. */
  @SuppressWarnings("restricted")
  static MethodHandle libc(String name, FunctionDescriptor type) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
  }

  /** What JOCL would have thrown for a function that gave this status. */
  static CLException exception(int status) {
    return new CLException(CL.stringFor_errorCode(status), status);
  }
}
