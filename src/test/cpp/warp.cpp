#include "warp.h"

#include <type_traits>

namespace ptx {
namespace {

constexpr uint32_t POISON = 0xffffffffu;

template <class T>
bool holds(Compare compare, T a, T b) {
  switch (compare) {
    case Compare::EQ: return a == b;
    case Compare::NE: return a < b || a > b;
    case Compare::LT: return a < b;
    case Compare::LE: return a <= b;
    case Compare::GT: return a > b;
    case Compare::GE: return a >= b;
    case Compare::EQU: return !(a < b || a > b);
    case Compare::NEU: return !(a == b);
    case Compare::LTU: return !(a >= b);
    case Compare::LEU: return !(a > b);
    case Compare::GTU: return !(a <= b);
    case Compare::GEU: return !(a < b);
    case Compare::NUM: return a == a && b == b;
    case Compare::NAN_: return a != a || b != b;
  }
  return false;
}

}  // namespace

Warp::Warp(const Kernel& kernel, int number, uint32_t items)
    : number(number), live(items == LANES ? ALL : (1u << items) - 1), memory(LANES * kernel.private_bytes, 0xff),
      kernel(kernel), registers(kernel.register_words, POISON) {}

uint64_t Warp::get(Place place, int bits, int lane) const {
  return bits == 64 ? wide(place)[lane] : narrow(place)[lane];
}

void Warp::put(Place place, int bits, int lane, uint64_t value) {
  if (bits == 64) wide_target(place)[lane] = value;
  else narrow_target(place)[lane] = bits == 32 ? (uint32_t)value : (uint32_t)(value & ((1u << bits) - 1));
}

template <class F>
void Warp::floats(const Instruction& i, uint32_t lanes, F compute) {
  uint32_t* to = narrow_target(i.to[0]);
  const uint32_t* a = narrow(i.of[0]);
  const uint32_t* b = i.of.size() > 1 ? narrow(i.of[1]) : a;
  const uint32_t* c = i.of.size() > 2 ? narrow(i.of[2]) : a;
  each(lanes, [&](int l) { to[l] = bits(compute(f(a[l]), f(b[l]), f(c[l]))); });
}

// of 16, 32 and 64 bits; the result is cut to so many
template <class F>
void Warp::numbers(const Instruction& i, uint32_t lanes, F compute) {
  const Place ap = i.of[0];
  const Place bp = i.of.size() > 1 ? i.of[1] : ap;
  const Place cp = i.of.size() > 2 ? i.of[2] : ap;
  if (i.type.bits == 32) {
    uint32_t* to = narrow_target(i.to[0]);
    const uint32_t* a = narrow(ap);
    const uint32_t* b = narrow(bp);
    const uint32_t* c = narrow(cp);
    if (i.type.kind == 's') {
      each(lanes, [&](int l) { to[l] = (uint32_t)compute((int32_t)a[l], (int32_t)b[l], (int32_t)c[l]); });
    } else {
      each(lanes, [&](int l) { to[l] = (uint32_t)compute(a[l], b[l], c[l]); });
    }
  } else if (i.type.bits == 64) {
    uint64_t* to = wide_target(i.to[0]);
    const uint64_t* a = wide(ap);
    const uint64_t* b = wide(bp);
    const uint64_t* c = wide(cp);
    if (i.type.kind == 's') {
      each(lanes, [&](int l) { to[l] = (uint64_t)compute((int64_t)a[l], (int64_t)b[l], (int64_t)c[l]); });
    } else {
      each(lanes, [&](int l) { to[l] = (uint64_t)compute(a[l], b[l], c[l]); });
    }
  } else {
    each(lanes, [&](int l) {
      const int32_t a = (int32_t)extended(get(ap, i.type.bits, l), i.type);
      const int32_t b = (int32_t)extended(get(bp, i.type.bits, l), i.type);
      const int32_t c = (int32_t)extended(get(cp, i.type.bits, l), i.type);
      put(i.to[0], i.type.bits, l, (uint64_t)(int64_t)compute(a, b, c));
    });
  }
}

void Warp::shift(const Instruction& i, uint32_t lanes) {
  const uint32_t* by = narrow(i.of[1]);
  each(lanes, [&](int l) {
    const uint64_t a = get(i.of[0], i.type.bits, l);
    const uint32_t most = (uint32_t)i.type.bits - 1;
    uint64_t result;
    if (i.op == Op::SHL) {
      result = by[l] > most ? 0 : a << by[l];
    } else if (i.type.kind == 's') {
      result = (uint64_t)(extended(a, i.type) >> std::min(by[l], most));
    } else {
      result = by[l] > most ? 0 : a >> by[l];
    }
    put(i.to[0], i.type.bits, l, result);
  });
}

void Warp::set(const Instruction& i, uint32_t lanes) {
  uint32_t result = 0;
  each(lanes, [&](int l) {
    const uint64_t a = get(i.of[0], i.from.bits, l);
    const uint64_t b = get(i.of[1], i.from.bits, l);
    const bool is = i.from.kind == 'f'   ? holds(i.compare, f((uint32_t)a), f((uint32_t)b))
                    : i.from.kind == 's' ? holds(i.compare, extended(a, i.from), extended(b, i.from))
                                         : holds<uint64_t>(i.compare, (uint64_t)extended(a, i.from),
                                                           (uint64_t)extended(b, i.from));
    result |= (uint32_t)is << l;
  });
  uint32_t& to = registers[i.to[0]];
  to = (to & ~lanes) | result;
}

void Warp::predicates(const Instruction& i, uint32_t lanes) {
  auto value = [&](size_t k) { return *narrow(i.of[k]); };  // a constant's first word is its value
  uint32_t result;
  switch (i.op) {
    case Op::MOVE: result = i.of[0] < 0 && value(0) != 0 ? ALL : value(0); break;
    case Op::NOT: result = ~value(0); break;
    case Op::AND: result = value(0) & value(1); break;
    case Op::OR: result = value(0) | value(1); break;
    case Op::XOR: result = value(0) ^ value(1); break;
    default: throw Error("an operation on predicates");
  }
  uint32_t& to = registers[i.to[0]];
  to = (to & ~lanes) | (result & lanes);
}

void Warp::execute(const Instruction& i, uint32_t lanes) {
  if (i.type.kind == 'p') {
    predicates(i, lanes);
    return;
  }
  switch (i.op) {
    case Op::FMA_F32:
      floats(i, lanes, [](float a, float b, float c) { return __builtin_fmaf(a, b, c); });
      break;
    case Op::ADD_F32: floats(i, lanes, [](float a, float b, float) { return a + b; }); break;
    case Op::SUB_F32: floats(i, lanes, [](float a, float b, float) { return a - b; }); break;
    case Op::MUL_F32: floats(i, lanes, [](float a, float b, float) { return a * b; }); break;
    case Op::DIV_F32: floats(i, lanes, [](float a, float b, float) { return a / b; }); break;
    case Op::RCP_F32: floats(i, lanes, [](float a, float, float) { return 1.0f / a; }); break;
    case Op::SQRT_F32: floats(i, lanes, [](float a, float, float) { return std::sqrt(a); }); break;
    case Op::NEG_F32: floats(i, lanes, [](float a, float, float) { return -a; }); break;
    case Op::ABS_F32: floats(i, lanes, [](float a, float, float) { return std::fabs(a); }); break;
    case Op::MIN_F32: floats(i, lanes, [](float a, float b, float) { return std::fmin(a, b); }); break;
    case Op::MAX_F32: floats(i, lanes, [](float a, float b, float) { return std::fmax(a, b); }); break;
    case Op::MIN_NAN_F32:
      floats(i, lanes, [](float a, float b, float) { return a != a ? a : b != b ? b : std::fmin(a, b); });
      break;
    case Op::MAX_NAN_F32:
      floats(i, lanes, [](float a, float b, float) { return a != a ? a : b != b ? b : std::fmax(a, b); });
      break;
    case Op::ADD: numbers(i, lanes, [](auto a, auto b, auto) { return (uint64_t)a + (uint64_t)b; }); break;
    case Op::SUB: numbers(i, lanes, [](auto a, auto b, auto) { return (uint64_t)a - (uint64_t)b; }); break;
    case Op::MUL_LO: numbers(i, lanes, [](auto a, auto b, auto) { return (uint64_t)a * (uint64_t)b; }); break;
    case Op::MAD_LO:
      numbers(i, lanes, [](auto a, auto b, auto c) { return (uint64_t)a * (uint64_t)b + (uint64_t)c; });
      break;
    case Op::MUL_HI:
      numbers(i, lanes, [&](auto a, auto b, auto) {
        using Wide = std::conditional_t<std::is_signed_v<decltype(a)>, __int128, unsigned __int128>;
        return (uint64_t)(((Wide)a * (Wide)b) >> i.type.bits);
      });
      break;
    case Op::DIV:
      numbers(i, lanes, [](auto a, auto b, auto) { return b == 0 ? (decltype(a))-1 : (decltype(a))(a / b); });
      break;
    case Op::REM:
      numbers(i, lanes, [](auto a, auto b, auto) { return b == 0 ? a : (decltype(a))(a % b); });
      break;
    case Op::MIN: numbers(i, lanes, [](auto a, auto b, auto) { return a < b ? a : b; }); break;
    case Op::MAX: numbers(i, lanes, [](auto a, auto b, auto) { return a > b ? a : b; }); break;
    case Op::NEG: numbers(i, lanes, [](auto a, auto, auto) { return uint64_t{0} - (uint64_t)a; }); break;
    case Op::NOT: numbers(i, lanes, [](auto a, auto, auto) { return ~a; }); break;
    case Op::AND: numbers(i, lanes, [](auto a, auto b, auto) { return a & b; }); break;
    case Op::OR: numbers(i, lanes, [](auto a, auto b, auto) { return a | b; }); break;
    case Op::XOR: numbers(i, lanes, [](auto a, auto b, auto) { return a ^ b; }); break;
    case Op::SHL:
    case Op::SHR: shift(i, lanes); break;
    case Op::BFE:
      if (i.type.kind != 'u' || i.type.bits != 32) throw Error("bfe of other than u32");
      numbers(i, lanes, [](auto a, auto from, auto count) {
        const uint32_t moved = (from & 255) > 31 ? 0 : (uint32_t)a >> (from & 255);
        return (count & 255) > 31 ? moved : moved & ((1u << (count & 255)) - 1);
      });
      break;
    case Op::MUL_WIDE:
      each(lanes, [&](int l) {
        const int64_t a = extended(get(i.of[0], i.type.bits, l), i.type);
        const int64_t b = extended(get(i.of[1], i.type.bits, l), i.type);
        put(i.to[0], 2 * i.type.bits, l, (uint64_t)a * (uint64_t)b);
      });
      break;
    case Op::SET: set(i, lanes); break;
    case Op::SELECT: {
      const uint32_t chosen = registers[i.of[2]];
      each(lanes, [&](int l) {
        put(i.to[0], i.type.bits, l, get(i.of[chosen >> l & 1 ? 0 : 1], i.type.bits, l));
      });
      break;
    }
    case Op::MOVE:
      if (i.type.bits == 32) {
        uint32_t* to = narrow_target(i.to[0]);
        const uint32_t* from = narrow(i.of[0]);
        each(lanes, [&](int l) { to[l] = from[l]; });
      } else {
        each(lanes, [&](int l) { put(i.to[0], i.type.bits, l, get(i.of[0], i.type.bits, l)); });
      }
      break;
    case Op::PACK: {
      const int part = i.type.bits / (int)i.of.size();
      each(lanes, [&](int l) {
        uint64_t all = 0;
        for (size_t k = 0; k < i.of.size(); k++) all |= get(i.of[k], part, l) << part * k;
        put(i.to[0], i.type.bits, l, all);
      });
      break;
    }
    case Op::UNPACK: {
      const int part = i.type.bits / (int)i.to.size();
      each(lanes, [&](int l) {
        const uint64_t all = get(i.of[0], i.type.bits, l);
        for (size_t k = 0; k < i.to.size(); k++) put(i.to[k], part, l, all >> part * k);
      });
      break;
    }
    case Op::CONVERT: {
      // of a register that is wider than the type the low bits count
      const int bits = std::max(i.type.bits, 16);
      each(lanes, [&](int l) {
        const uint64_t from = get(i.of[0], i.wide ? 64 : std::max(i.from.bits, 16), l);
        const int64_t value = extended((uint64_t)extended(from, i.from), i.type);
        put(i.to[0], bits, l, (uint64_t)value);
      });
      break;
    }
    case Op::CONVERT_TO_F32:
      each(lanes, [&](int l) {
        const int64_t value = extended(get(i.of[0], i.wide ? 64 : i.from.bits, l), i.from);
        const float result = i.from.kind == 's' ? (float)value : (float)(uint64_t)value;
        put(i.to[0], 32, l, bits(result));
      });
      break;
    case Op::CONVERT_FROM_F32:
      if (i.type.kind != 's' || i.type.bits != 32) throw Error("a float that becomes other than s32");
      each(lanes, [&](int l) {
        const double value = f(narrow(i.of[0])[l]);
        const double bounded = value != value ? 0 : std::min(std::max(std::trunc(value), -0x1p31), 0x1p31 - 1);
        put(i.to[0], 32, l, (uint64_t)(int64_t)bounded);
      });
      break;
    case Op::PACK_F16:
    case Op::PACK_BF16: {
      uint32_t* to = narrow_target(i.to[0]);
      const uint32_t* high = narrow(i.of[0]);
      const uint32_t* low = narrow(i.of[1]);
      const bool half = i.op == Op::PACK_F16;
      each(lanes, [&](int l) {
        to[l] = half ? half_of(f(high[l])) << 16 | half_of(f(low[l]))
                     : bfloat_of(f(high[l])) << 16 | bfloat_of(f(low[l]));
      });
      break;
    }
    case Op::NOTHING: break;
    default: throw Error("an instruction that is not executed");
  }
}

// d = c + a * b, the layout of fragments as in the PTX ISA's "Matrix Fragments for mma.m16n8k8" and ".m16n8k16"
void Warp::multiply(const Instruction& i) {
  float a[16][16], b[16][8], c[16][8];
  const int values = i.op == Op::MMA_TF32 ? 1 : 2;  // of a word
  auto unpack = [&](uint32_t word, int part) {
    switch (i.op) {
      case Op::MMA_TF32: return f(word & 0xffffe000u);
      case Op::MMA_BF16: return f(part == 0 ? word << 16 : word & 0xffff0000u);
      default: return half_value(part == 0 ? word & 0xffff : word >> 16);
    }
  };
  for (int lane = 0; lane < LANES; lane++) {
    const int group = lane >> 2;
    const int thread = lane & 3;
    for (int k = 0; k < 4; k++) {  // a0..: row group or group + 8, then the second half of the columns
      const int row = group + (k == 1 || k == 3 ? 8 : 0);
      const int word = thread + (k >= 2 ? 4 : 0);
      const uint32_t held = narrow(i.of[k])[lane];
      for (int p = 0; p < values; p++) a[row][word * values + p] = unpack(held, p);
    }
    for (int k = 0; k < 2; k++) {
      const int word = thread + 4 * k;
      const uint32_t held = narrow(i.of[4 + k])[lane];
      for (int p = 0; p < values; p++) b[word * values + p][group] = unpack(held, p);
    }
    for (int k = 0; k < 4; k++) {
      c[group + (k >= 2 ? 8 : 0)][2 * thread + (k & 1)] = f(narrow(i.of[6 + k])[lane]);
    }
  }
  for (int k = 0; k < 8 * values; k++) {
    for (int row = 0; row < 16; row++) {
      for (int column = 0; column < 8; column++) {
        c[row][column] = __builtin_fmaf(a[row][k], b[k][column], c[row][column]);
      }
    }
  }
  for (int lane = 0; lane < LANES; lane++) {
    for (int k = 0; k < 4; k++) {
      narrow_target(i.to[k])[lane] = bits(c[(lane >> 2) + (k >= 2 ? 8 : 0)][2 * (lane & 3) + (k & 1)]);
    }
  }
}

}  // namespace ptx
