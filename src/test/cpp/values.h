// Numbers as the bits that a register holds, and lanes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "program.h"

namespace ptx {

constexpr uint32_t ALL = 0xffffffffu;  // lanes

inline float f(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

inline uint32_t bits(float value) {
  uint32_t all;
  std::memcpy(&all, &value, 4);
  return all;
}

inline float half_value(uint32_t half) {
  const uint32_t sign = (half & 0x8000) << 16;
  const uint32_t size = half & 0x7fff;
  if (size >= 0x7c00) return f(sign | 0x7f800000 | (size & 0x3ff) << 13);
  if (size < 0x400) {
    const float value = (float)size * 0x1p-24f;
    return sign ? -value : value;
  }
  return f(sign | ((size << 13) + (112u << 23)));
}

/** To the nearest, ties to even; a NaN becomes the canonical one. */
inline uint32_t half_of(float x) {
  if (std::isnan(x)) return 0x7fff;
  const uint32_t sign = bits(x) >> 16 & 0x8000;
  const double size = std::fabs((double)x);
  if (size >= 65520.0) return sign | 0x7c00;
  int exponent = 0;
  std::frexp(size, &exponent);
  const int unit = std::max(exponent - 11, -24);  // power of two of the last bit
  const double rounded = std::nearbyint(std::ldexp(size, -unit));
  if (rounded == 0) return sign;
  const double value = std::ldexp(rounded, unit);
  if (value < 0x1p-14) return sign | (uint32_t)std::ldexp(value, 24);
  std::frexp(value, &exponent);
  const uint32_t fraction = (uint32_t)std::ldexp(value, 11 - exponent) & 0x3ff;
  return sign | (uint32_t)(exponent + 14) << 10 | fraction;
}

inline uint32_t bfloat_of(float x) {
  if (std::isnan(x)) return 0x7fff;
  const uint32_t all = bits(x);
  return (all + 0x7fff + (all >> 16 & 1)) >> 16;
}

template <class F>
void each(uint32_t lanes, F body) {
  if (lanes == ALL) {
    for (int l = 0; l < LANES; l++) body(l);
  } else {
    for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) body(__builtin_ctz(rest));
  }
}

/** What the low bits of a register are as a number of that type. */
inline int64_t extended(uint64_t value, const Type& type) {
  if (type.bits == 64) return (int64_t)value;
  const uint64_t kept = value & ((uint64_t{1} << type.bits) - 1);
  const bool negative = type.kind == 's' && kept >> (type.bits - 1);
  return negative ? (int64_t)(kept | ~uint64_t{0} << type.bits) : (int64_t)kept;
}

}  // namespace ptx
