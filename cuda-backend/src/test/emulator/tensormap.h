// What the emulated driver writes into a CUtensorMap, and the emulated copy engine reads.
#pragma once
#include <cstdint>

struct EmulatedTensorMap {
  uint64_t magic;
  uint64_t address;
  uint64_t strides[4]; // bytes, from dimension 1 on
  uint32_t dims[5];
  uint32_t box[5];
  uint32_t rank;
  uint32_t element; // bytes
  uint32_t swizzled; // rows of 128 bytes
  uint32_t unused;
};

constexpr uint64_t TENSOR_MAP = 0x70616d726f736e65;
static_assert(sizeof(EmulatedTensorMap) <= 128, "a CUtensorMap has 128 bytes");
