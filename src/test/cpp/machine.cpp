#include "machine.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_map>

namespace ptx {
namespace {

constexpr uint32_t ALL = 0xffffffffu;
constexpr uint32_t POISON = 0xffffffffu;

/** Lanes of a warp that are at the same instruction. */
struct Fragment {
  uint32_t lanes;
  int at;
  enum State { RUNS, AT_BARRIER, AT_WARP_BARRIER, AT_PRODUCT } state;
};

struct Warp {
  std::vector<uint32_t> registers;
  std::vector<uint8_t> memory;  // private to each lane
  std::vector<Fragment> fragments;
  uint32_t live = 0;
  int syncs = 0;
  int number = 0;
};

/** Who used a half-word of local memory last, for races. */
struct Use {
  int writer = -1, reader = -1;  // work-items; MANY readers
  int write_barrier = -1, write_sync = -1, read_barrier = -1, read_sync = -1;
};
constexpr int MANY = -2;

/** A relaxed store on its way. */
struct Pending {
  uint8_t* to;
  int bytes;
  uint64_t value;
};

float f(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

uint32_t bits(float value) {
  uint32_t all;
  std::memcpy(&all, &value, 4);
  return all;
}

float half_value(uint32_t half) {
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
uint32_t half_of(float x) {
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

uint32_t bfloat_of(float x) {
  if (std::isnan(x)) return 0x7fff;
  const uint32_t all = bits(x);
  return (all + 0x7fff + (all >> 16 & 1)) >> 16;
}

template <class F>
inline void each(uint32_t lanes, F body) {
  if (lanes == ALL) {
    for (int l = 0; l < LANES; l++) body(l);
  } else {
    for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) body(__builtin_ctz(rest));
  }
}

class Group {
 public:
  Group(const Launch& launch, uint64_t number)
      : launch(launch), kernel(*launch.kernel), random(launch.seed ^ (number + 1) * 0x9e3779b97f4a7c15u) {
    const uint32_t x = number % launch.groups[0];
    const uint32_t y = number / launch.groups[0] % launch.groups[1];
    const uint32_t z = number / launch.groups[0] / launch.groups[1];
    place_arguments();
    items = launch.items[0] * launch.items[1] * launch.items[2];
    waiting = 0;
    warps.resize((items + LANES - 1) / LANES);
    for (uint32_t w = 0; w < warps.size(); w++) {
      Warp& warp = warps[w];
      warp.number = w;
      warp.registers.assign(kernel.register_words, POISON);
      warp.memory.assign(LANES * kernel.private_bytes, 0xff);
      const uint32_t count = std::min<uint32_t>(LANES, items - w * LANES);
      warp.live = count == LANES ? ALL : (1u << count) - 1;
      warp.fragments = {{warp.live, 0, Fragment::RUNS}};
      for (int lane = 0; lane < LANES; lane++) {
        const uint32_t item = w * LANES + lane;
        const uint32_t values[SPECIALS] = {
            item % launch.items[0], item / launch.items[0] % launch.items[1],
            item / launch.items[0] / launch.items[1], launch.items[0], launch.items[1], launch.items[2], x, y, z,
            launch.groups[0], launch.groups[1], launch.groups[2], (uint32_t)lane};
        for (int s = 0; s < SPECIALS; s++) warp.registers[s * LANES + lane] = values[s];
      }
    }
  }

  bool finished() const { return alive == 0; }

  const Counts& counts() const { return counted; }

  /** Some warp goes on for a while. */
  void turn(int most) {
    if (!pending.empty() && random() % 4 == 0) deliver_some();
    const size_t from = random() % warps.size();
    for (size_t k = 0; k < warps.size(); k++) {
      Warp& warp = warps[(from + k) % warps.size()];
      std::vector<int> ready;
      for (size_t i = 0; i < warp.fragments.size(); i++) {
        if (warp.fragments[i].state == Fragment::RUNS) ready.push_back((int)i);
      }
      if (!ready.empty()) {
        go(warp, launch.counts ? behind(warp, ready) : ready[random() % ready.size()], most);
        return;
      }
    }
    fail("a barrier or product that not all work-items reach");
  }

  void deliver_all() {
    for (const Pending& store : pending) std::memcpy(store.to, &store.value, store.bytes);
    pending.clear();
  }

 private:
  struct Region {
    uint8_t* begin;
    uint8_t* end;
  };

  const Launch& launch;
  const Kernel& kernel;
  std::mt19937_64 random;
  std::vector<Warp> warps;
  std::vector<uint8_t> parameters;
  std::vector<Region> regions;
  std::vector<uint8_t> shared;
  std::vector<Use> uses;
  std::vector<Pending> pending;
  std::unordered_map<uint64_t, uint32_t> seen;  // words of global memory, as plain loads have them
  Counts counted;
  uint32_t items, waiting, alive = 1;
  int barriers = 0;
  int line = 0;
  size_t last_region = 0;

  [[noreturn]] void fail(const std::string& what) {
    throw Error("kernel " + kernel.name + ", PTX line " + std::to_string(line) + ": " + what);
  }

  void place_arguments() {
    parameters.assign(kernel.parameter_bytes, 0);
    int used = kernel.shared_bytes;
    for (size_t k = 0; k < kernel.parameters.size(); k++) {
      const Parameter& parameter = kernel.parameters[k];
      const Argument& argument = launch.arguments[k];
      uint64_t value = 0;
      if (parameter.space == Space::PARAM) {
        std::memcpy(&value, argument.value.data(), argument.value.size());
      } else if (parameter.space == Space::SHARED) {
        used = (used + 15) / 16 * 16;
        value = SHARED_BASE + used;
        used += (int)argument.bytes;
      } else {
        value = (uint64_t)(uintptr_t)argument.memory;
        if (argument.memory) regions.push_back({argument.memory, argument.memory + argument.bytes});
      }
      std::memcpy(&parameters[parameter.offset], &value, parameter.bytes);
    }
    shared.assign(used, 0xff);
    uses.resize((used + 1) / 2);
  }

  void deliver_some() {
    const size_t count = 1 + random() % pending.size();
    for (size_t n = 0; n < count && !pending.empty(); n++) {
      size_t k = random() % pending.size();
      for (size_t before = 0; before < k; before++) {  // one place sees its stores in order
        const Pending& a = pending[before];
        const Pending& b = pending[k];
        if (a.to < b.to + b.bytes && b.to < a.to + a.bytes) k = before;
      }
      std::memcpy(pending[k].to, &pending[k].value, pending[k].bytes);
      pending.erase(pending.begin() + k);
    }
  }

  uint8_t* global(uint64_t address, int bytes) {
    uint8_t* at = (uint8_t*)(uintptr_t)address;
    if (address % bytes != 0) fail("a misaligned access of " + std::to_string(bytes) + " bytes");
    for (size_t k = 0; k <= regions.size(); k++) {
      const size_t r = k == 0 ? last_region : k - 1;
      if (r < regions.size() && at >= regions[r].begin && at + bytes <= regions[r].end) {
        last_region = r;
        return at;
      }
    }
    fail("an access of " + std::to_string(bytes) + " bytes outside all arguments' memory");
  }

  uint8_t* own(Warp& warp, int lane, uint64_t address, int bytes) {
    if (address + bytes > (uint64_t)kernel.private_bytes) fail("an access outside a work-item's own memory");
    return &warp.memory[lane * kernel.private_bytes + address];
  }

  uint8_t* local(uint64_t address, int bytes) {
    if (address < SHARED_BASE || address - SHARED_BASE + bytes > shared.size()) fail("an access outside local memory");
    if (address % bytes != 0) fail("a misaligned access of " + std::to_string(bytes) + " bytes of local memory");
    return &shared[address - SHARED_BASE];
  }

  /** A work-item of the warp uses local memory. */
  void use(const Warp& warp, int lane, uint64_t address, int bytes, bool writes, uint64_t value) {
    const int item = warp.number * LANES + lane;
    for (int k = 0; k < (bytes + 1) / 2; k++) {
      const size_t place = (address - SHARED_BASE) / 2 + k;
      Use& use = uses[place];
      auto meets = [&](int other, int barrier, int sync) {
        const bool ordered = other / LANES == warp.number && other >= 0 && sync < warp.syncs;
        return other != -1 && other != item && barrier == barriers && !ordered;
      };
      uint16_t there;
      std::memcpy(&there, &shared[2 * place], 2);
      const bool changes = writes && there != (uint16_t)(value >> 16 * k);  // all may write the same
      if (meets(use.writer, use.write_barrier, use.write_sync) && (!writes || changes)) {
        fail("a race: work-items " + std::to_string(use.writer) + " and " + std::to_string(item) + " use byte " +
             std::to_string(2 * place) + " of local memory, the first wrote it");
      }
      if (changes && meets(use.reader, use.read_barrier, use.read_sync)) {
        fail("a race: work-item " + std::to_string(item) + " writes byte " + std::to_string(2 * place) +
             " of local memory, which others read");
      }
      if (writes) {
        use.writer = item;
        use.write_barrier = barriers;
        use.write_sync = warp.syncs;
      } else {
        const bool another = use.reader != -1 && use.reader != item && use.read_barrier == barriers;
        use.reader = another ? MANY : item;
        use.read_barrier = barriers;
        use.read_sync = warp.syncs;
      }
    }
  }

  // what this group sees at a place of global memory that others may write
  uint64_t fresh(uint8_t* at, int bytes) {
    uint64_t value = 0;
    std::memcpy(&value, at, bytes);
    for (const Pending& store : pending) {
      for (int b = 0; b < bytes; b++) {
        if (at + b >= store.to && at + b < store.to + store.bytes) {
          ((uint8_t*)&value)[b] = (uint8_t)(store.value >> 8 * (at + b - store.to));
        }
      }
    }
    return value;
  }

  // what it saw there before, if it did
  uint64_t stale(uint8_t* at, int bytes) {
    uint64_t value = 0;
    std::memcpy(&value, at, bytes);
    if (!kernel.waits || bytes < 4) return value;
    for (int b = 0; b < bytes; b += 4) {
      auto known = seen.emplace((uint64_t)(uintptr_t)at + b, (uint32_t)(value >> 8 * b));
      std::memcpy((uint8_t*)&value + b, &known.first->second, 4);
    }
    return value;
  }

  void stored(uint8_t* at, int bytes, uint64_t value) {
    std::memcpy(at, &value, bytes);
    if (!kernel.waits || bytes < 4) return;
    for (int b = 0; b < bytes; b += 4) {
      auto known = seen.find((uint64_t)(uintptr_t)at + b);
      if (known != seen.end()) known->second = (uint32_t)(value >> 8 * b);
    }
  }

  // registers and constants
  static uint32_t* narrow(const Kernel& kernel, Warp& warp, Place place) {
    return place >= 0 ? &warp.registers[place] : const_cast<uint32_t*>(&kernel.constants[~place * CONSTANT_WORDS]);
  }

  static uint64_t* wide(const Kernel& kernel, Warp& warp, Place place) {
    return (uint64_t*)(place >= 0 ? &warp.registers[place]
                                  : const_cast<uint32_t*>(&kernel.constants[~place * CONSTANT_WORDS + LANES]));
  }

  uint64_t get(Warp& warp, Place place, int bits, int lane) {
    return bits == 64 ? wide(kernel, warp, place)[lane] : narrow(kernel, warp, place)[lane];
  }

  void put(Warp& warp, Place place, int bits, int lane, uint64_t value) {
    if (bits == 64) wide(kernel, warp, place)[lane] = value;
    else narrow(kernel, warp, place)[lane] = bits == 32 ? (uint32_t)value : (uint32_t)(value & ((1u << bits) - 1));
  }

  static int64_t extended(uint64_t value, const Type& type) {
    if (type.bits == 64) return (int64_t)value;
    const uint64_t kept = value & ((uint64_t{1} << type.bits) - 1);
    const bool negative = type.kind == 's' && kept >> (type.bits - 1);
    return negative ? (int64_t)(kept | ~uint64_t{0} << type.bits) : (int64_t)kept;
  }

  /** The lanes that are the furthest behind, with all that are at the same instruction. */
  int behind(Warp& warp, const std::vector<int>& ready) {
    int first = ready[0];
    for (int k : ready) {
      if (warp.fragments[k].at < warp.fragments[first].at) first = k;
    }
    for (size_t k = ready.size(); k-- > 0;) {
      const int other = ready[k];
      if (other != first && warp.fragments[other].at == warp.fragments[first].at) {
        warp.fragments[first].lanes |= warp.fragments[other].lanes;
        warp.fragments.erase(warp.fragments.begin() + other);
        if (other < first) first--;
      }
    }
    return first;
  }

  void count(Warp& warp, const Instruction& i, uint32_t lanes) {
    counted.instructions++;
    counted.multiply_adds += i.op == Op::FMA_F32;
    counted.products += i.op == Op::MMA_TF32 || i.op == Op::MMA_F16 || i.op == Op::MMA_BF16;
    counted.barriers += i.op == Op::BARRIER;
    const bool load = i.op == Op::LOAD;
    if ((!load && i.op != Op::STORE) || lanes == 0) return;
    const int bytes = i.type.bytes() * (int)(load ? i.to.size() : i.of.size() - 1);
    if (i.space == Space::GLOBAL) {
      std::vector<uint64_t> parts;
      each(lanes, [&](int l) { parts.push_back((wide(kernel, warp, i.of[0])[l] + (uint64_t)i.offset) / 32); });
      std::sort(parts.begin(), parts.end());
      const uint64_t count = std::unique(parts.begin(), parts.end()) - parts.begin();
      (load ? counted.global_reads : counted.global_writes)++;
      (load ? counted.global_read_parts : counted.global_write_parts) += count;
    } else if (i.space == Space::SHARED) {
      // Lanes that can be served in a turn: 128 bytes' worth, or twice as many where neighbours want the same.
      auto wanted = [&](int l) { return wide(kernel, warp, i.of[0])[l]; };
      bool shared_by_1 = true, shared_by_2 = true;
      each(lanes, [&](int l) {
        shared_by_1 &= !(lanes >> (l ^ 1) & 1) || wanted(l) == wanted(l ^ 1);
        shared_by_2 &= !(lanes >> (l ^ 2) & 1) || wanted(l) == wanted(l ^ 2);
      });
      const int at_once = std::min(LANES, (shared_by_1 || shared_by_2 ? 256 : 128) / bytes);
      for (int first = 0; first < LANES; first += at_once) {
        std::vector<uint64_t> words[LANES];
        size_t most = 0;
        for (int l = first; l < first + at_once; l++) {
          if (!(lanes >> l & 1)) continue;
          const uint64_t address = wide(kernel, warp, i.of[0])[l] + (uint64_t)i.offset;
          for (uint64_t word = address / 4; word < (address + bytes + 3) / 4; word++) {
            std::vector<uint64_t>& bank = words[word % LANES];
            if (std::find(bank.begin(), bank.end(), word) == bank.end()) bank.push_back(word);
            most = std::max(most, bank.size());
          }
        }
        counted.local_uses += most > 0;
        counted.local_turns += most;
      }
    }
  }

  void go(Warp& warp, int which, int most) {
    if (launch.counts && warp.fragments.size() > 1) most = 1;
    Fragment now = warp.fragments[which];
    for (int n = 0; n < most && now.state == Fragment::RUNS; n++) {
      const Instruction& i = kernel.code[now.at];
      line = i.line;
      uint32_t lanes = now.lanes;
      if (i.guard >= 0) {
        const uint32_t given = warp.registers[i.guard];
        lanes &= i.unless ? ~given : given;
      }
      if (launch.counts) count(warp, i, lanes);
      switch (i.op) {
        case Op::BRANCH:
          if (lanes == now.lanes) {
            now.at = i.target;
          } else if (lanes == 0) {
            now.at++;
          } else {  // they part; either goes on first
            Fragment other{now.lanes & ~lanes, now.at + 1, Fragment::RUNS};
            now = {lanes, i.target, Fragment::RUNS};
            if (random() % 2) std::swap(now, other);
            warp.fragments.push_back(other);
          }
          break;
        case Op::RETURN:
          if (lanes != now.lanes) fail("a return of some");
          warp.live &= ~lanes;
          warp.fragments.erase(warp.fragments.begin() + which);
          leave();
          return;
        case Op::BARRIER:
          now.at++;
          now.state = Fragment::AT_BARRIER;
          waiting += __builtin_popcount(now.lanes);
          break;
        case Op::WARP_BARRIER:
          now.at++;
          now.state = Fragment::AT_WARP_BARRIER;
          break;
        case Op::MMA_TF32:
        case Op::MMA_F16:
        case Op::MMA_BF16:
          if (now.lanes == ALL) {
            if (lanes != 0 && lanes != ALL) fail("a product of a part of a warp");
            if (lanes) multiply(warp, i);
            now.at++;
          } else {
            now.state = Fragment::AT_PRODUCT;
          }
          break;
        default:
          if (lanes) execute(warp, i, lanes);
          now.at++;
      }
    }
    warp.fragments[which] = now;
    if (now.state == Fragment::AT_WARP_BARRIER || now.state == Fragment::AT_PRODUCT) meet(warp, now.state);
    if (now.state == Fragment::AT_BARRIER && waiting == items) release();
  }

  void leave() {
    if (waiting > 0) fail("work-items end while others wait at a barrier");
    alive = 0;
    for (const Warp& warp : warps) alive += warp.live != 0;
  }

  void meet(Warp& warp, Fragment::State where) {
    uint32_t here = 0;
    for (const Fragment& part : warp.fragments) {
      if (part.state == where) here |= part.lanes;
    }
    if (here != ALL) return;
    for (const Fragment& part : warp.fragments) {
      if (part.at != warp.fragments[0].at) fail("a warp whose work-items meet at different instructions");
    }
    warp.fragments = {{ALL, warp.fragments[0].at, Fragment::RUNS}};
    warp.syncs += where == Fragment::AT_WARP_BARRIER;
  }

  void release() {
    for (Warp& warp : warps) {
      for (const Fragment& part : warp.fragments) {
        if (part.at != warps[0].fragments[0].at) fail("a barrier that work-items reach at different instructions");
      }
      warp.fragments = {{warp.live, warp.fragments[0].at, Fragment::RUNS}};
    }
    waiting = 0;
    barriers++;
  }

  template <class F>
  void floats(Warp& warp, const Instruction& i, uint32_t lanes, F compute) {
    uint32_t* to = narrow(kernel, warp, i.to[0]);
    const uint32_t* a = narrow(kernel, warp, i.of[0]);
    const uint32_t* b = i.of.size() > 1 ? narrow(kernel, warp, i.of[1]) : a;
    const uint32_t* c = i.of.size() > 2 ? narrow(kernel, warp, i.of[2]) : a;
    each(lanes, [&](int l) { to[l] = bits(compute(f(a[l]), f(b[l]), f(c[l]))); });
  }

  // of 16, 32 and 64 bits; the result is cut to so many
  template <class F>
  void numbers(Warp& warp, const Instruction& i, uint32_t lanes, F compute) {
    const Place ap = i.of[0];
    const Place bp = i.of.size() > 1 ? i.of[1] : ap;
    const Place cp = i.of.size() > 2 ? i.of[2] : ap;
    if (i.type.bits == 32) {
      uint32_t* to = narrow(kernel, warp, i.to[0]);
      const uint32_t* a = narrow(kernel, warp, ap);
      const uint32_t* b = narrow(kernel, warp, bp);
      const uint32_t* c = narrow(kernel, warp, cp);
      if (i.type.kind == 's') {
        each(lanes, [&](int l) { to[l] = (uint32_t)compute((int32_t)a[l], (int32_t)b[l], (int32_t)c[l]); });
      } else {
        each(lanes, [&](int l) { to[l] = (uint32_t)compute(a[l], b[l], c[l]); });
      }
    } else if (i.type.bits == 64) {
      uint64_t* to = wide(kernel, warp, i.to[0]);
      const uint64_t* a = wide(kernel, warp, ap);
      const uint64_t* b = wide(kernel, warp, bp);
      const uint64_t* c = wide(kernel, warp, cp);
      if (i.type.kind == 's') {
        each(lanes, [&](int l) { to[l] = (uint64_t)compute((int64_t)a[l], (int64_t)b[l], (int64_t)c[l]); });
      } else {
        each(lanes, [&](int l) { to[l] = (uint64_t)compute(a[l], b[l], c[l]); });
      }
    } else {
      each(lanes, [&](int l) {
        const int32_t a = (int32_t)extended(get(warp, ap, i.type.bits, l), i.type);
        const int32_t b = (int32_t)extended(get(warp, bp, i.type.bits, l), i.type);
        const int32_t c = (int32_t)extended(get(warp, cp, i.type.bits, l), i.type);
        put(warp, i.to[0], i.type.bits, l, (uint64_t)(int64_t)compute(a, b, c));
      });
    }
  }

  void shift(Warp& warp, const Instruction& i, uint32_t lanes) {
    const uint32_t* by = narrow(kernel, warp, i.of[1]);
    each(lanes, [&](int l) {
      const uint64_t a = get(warp, i.of[0], i.type.bits, l);
      const uint32_t most = (uint32_t)i.type.bits - 1;
      uint64_t result;
      if (i.op == Op::SHL) {
        result = by[l] > most ? 0 : a << by[l];
      } else if (i.type.kind == 's') {
        result = (uint64_t)(extended(a, i.type) >> std::min(by[l], most));
      } else {
        result = by[l] > most ? 0 : a >> by[l];
      }
      put(warp, i.to[0], i.type.bits, l, result);
    });
  }

  template <class T>
  static bool holds(Compare compare, T a, T b) {
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

  void set(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint32_t result = 0;
    each(lanes, [&](int l) {
      const uint64_t a = get(warp, i.of[0], i.from.bits, l);
      const uint64_t b = get(warp, i.of[1], i.from.bits, l);
      const bool is = i.from.kind == 'f'   ? holds(i.compare, f((uint32_t)a), f((uint32_t)b))
                      : i.from.kind == 's' ? holds(i.compare, extended(a, i.from), extended(b, i.from))
                                           : holds<uint64_t>(i.compare, (uint64_t)extended(a, i.from),
                                                             (uint64_t)extended(b, i.from));
      result |= (uint32_t)is << l;
    });
    uint32_t& to = warp.registers[i.to[0]];
    to = (to & ~lanes) | result;
  }

  void predicates(Warp& warp, const Instruction& i, uint32_t lanes) {
    auto value = [&](size_t k) { return *narrow(kernel, warp, i.of[k]); };  // a constant's first word is its value
    uint32_t result;
    switch (i.op) {
      case Op::MOVE: result = i.of[0] < 0 && value(0) != 0 ? ALL : value(0); break;
      case Op::NOT: result = ~value(0); break;
      case Op::AND: result = value(0) & value(1); break;
      case Op::OR: result = value(0) | value(1); break;
      case Op::XOR: result = value(0) ^ value(1); break;
      default: fail("an operation on predicates");
    }
    uint32_t& to = warp.registers[i.to[0]];
    to = (to & ~lanes) | (result & lanes);
  }

  void execute(Warp& warp, const Instruction& i, uint32_t lanes) {
    if (i.type.kind == 'p') {
      predicates(warp, i, lanes);
      return;
    }
    switch (i.op) {
      case Op::FMA_F32:
        floats(warp, i, lanes, [](float a, float b, float c) { return __builtin_fmaf(a, b, c); });
        break;
      case Op::ADD_F32: floats(warp, i, lanes, [](float a, float b, float) { return a + b; }); break;
      case Op::SUB_F32: floats(warp, i, lanes, [](float a, float b, float) { return a - b; }); break;
      case Op::MUL_F32: floats(warp, i, lanes, [](float a, float b, float) { return a * b; }); break;
      case Op::DIV_F32: floats(warp, i, lanes, [](float a, float b, float) { return a / b; }); break;
      case Op::RCP_F32: floats(warp, i, lanes, [](float a, float, float) { return 1.0f / a; }); break;
      case Op::SQRT_F32: floats(warp, i, lanes, [](float a, float, float) { return std::sqrt(a); }); break;
      case Op::NEG_F32: floats(warp, i, lanes, [](float a, float, float) { return -a; }); break;
      case Op::ABS_F32: floats(warp, i, lanes, [](float a, float, float) { return std::fabs(a); }); break;
      case Op::MIN_F32: floats(warp, i, lanes, [](float a, float b, float) { return std::fmin(a, b); }); break;
      case Op::MAX_F32: floats(warp, i, lanes, [](float a, float b, float) { return std::fmax(a, b); }); break;
      case Op::MIN_NAN_F32:
        floats(warp, i, lanes, [](float a, float b, float) { return a != a ? a : b != b ? b : std::fmin(a, b); });
        break;
      case Op::MAX_NAN_F32:
        floats(warp, i, lanes, [](float a, float b, float) { return a != a ? a : b != b ? b : std::fmax(a, b); });
        break;
      case Op::ADD: numbers(warp, i, lanes, [](auto a, auto b, auto) { return (uint64_t)a + (uint64_t)b; }); break;
      case Op::SUB: numbers(warp, i, lanes, [](auto a, auto b, auto) { return (uint64_t)a - (uint64_t)b; }); break;
      case Op::MUL_LO: numbers(warp, i, lanes, [](auto a, auto b, auto) { return (uint64_t)a * (uint64_t)b; }); break;
      case Op::MAD_LO:
        numbers(warp, i, lanes, [](auto a, auto b, auto c) { return (uint64_t)a * (uint64_t)b + (uint64_t)c; });
        break;
      case Op::MUL_HI:
        if (i.type.bits != 32) fail("mul.hi of other than 32 bits");
        numbers(warp, i, lanes, [](auto a, auto b, auto) {
          return (uint64_t)(((__int128)a * (__int128)b) >> 32);
        });
        break;
      case Op::DIV:
        numbers(warp, i, lanes, [](auto a, auto b, auto) { return b == 0 ? (decltype(a))-1 : (decltype(a))(a / b); });
        break;
      case Op::REM:
        numbers(warp, i, lanes, [](auto a, auto b, auto) { return b == 0 ? a : (decltype(a))(a % b); });
        break;
      case Op::MIN: numbers(warp, i, lanes, [](auto a, auto b, auto) { return a < b ? a : b; }); break;
      case Op::MAX: numbers(warp, i, lanes, [](auto a, auto b, auto) { return a > b ? a : b; }); break;
      case Op::NEG: numbers(warp, i, lanes, [](auto a, auto, auto) { return uint64_t{0} - (uint64_t)a; }); break;
      case Op::NOT: numbers(warp, i, lanes, [](auto a, auto, auto) { return ~a; }); break;
      case Op::AND: numbers(warp, i, lanes, [](auto a, auto b, auto) { return a & b; }); break;
      case Op::OR: numbers(warp, i, lanes, [](auto a, auto b, auto) { return a | b; }); break;
      case Op::XOR: numbers(warp, i, lanes, [](auto a, auto b, auto) { return a ^ b; }); break;
      case Op::SHL:
      case Op::SHR: shift(warp, i, lanes); break;
      case Op::BFE:
        if (i.type.kind != 'u' || i.type.bits != 32) fail("bfe of other than u32");
        numbers(warp, i, lanes, [](auto a, auto from, auto count) {
          const uint32_t moved = (from & 255) > 31 ? 0 : (uint32_t)a >> (from & 255);
          return (count & 255) > 31 ? moved : moved & ((1u << (count & 255)) - 1);
        });
        break;
      case Op::MUL_WIDE:
        each(lanes, [&](int l) {
          const int64_t a = extended(get(warp, i.of[0], i.type.bits, l), i.type);
          const int64_t b = extended(get(warp, i.of[1], i.type.bits, l), i.type);
          put(warp, i.to[0], 2 * i.type.bits, l, (uint64_t)a * (uint64_t)b);
        });
        break;
      case Op::SET: set(warp, i, lanes); break;
      case Op::SELECT: {
        const uint32_t chosen = warp.registers[i.of[2]];
        each(lanes, [&](int l) {
          put(warp, i.to[0], i.type.bits, l, get(warp, i.of[chosen >> l & 1 ? 0 : 1], i.type.bits, l));
        });
        break;
      }
      case Op::MOVE:
        if (i.type.bits == 32) {
          uint32_t* to = narrow(kernel, warp, i.to[0]);
          const uint32_t* from = narrow(kernel, warp, i.of[0]);
          each(lanes, [&](int l) { to[l] = from[l]; });
        } else {
          each(lanes, [&](int l) { put(warp, i.to[0], i.type.bits, l, get(warp, i.of[0], i.type.bits, l)); });
        }
        break;
      case Op::PACK: {
        const int part = i.type.bits / (int)i.of.size();
        each(lanes, [&](int l) {
          uint64_t all = 0;
          for (size_t k = 0; k < i.of.size(); k++) all |= get(warp, i.of[k], part, l) << part * k;
          put(warp, i.to[0], i.type.bits, l, all);
        });
        break;
      }
      case Op::UNPACK: {
        const int part = i.type.bits / (int)i.to.size();
        each(lanes, [&](int l) {
          const uint64_t all = get(warp, i.of[0], i.type.bits, l);
          for (size_t k = 0; k < i.to.size(); k++) put(warp, i.to[k], part, l, all >> part * k);
        });
        break;
      }
      case Op::CONVERT: {
        // of a register that is wider than the type the low bits count
        const int bits = std::max(i.type.bits, 16);
        each(lanes, [&](int l) {
          const uint64_t from = get(warp, i.of[0], i.wide ? 64 : std::max(i.from.bits, 16), l);
          const int64_t value = extended((uint64_t)extended(from, i.from), i.type);
          put(warp, i.to[0], bits, l, (uint64_t)value);
        });
        break;
      }
      case Op::CONVERT_TO_F32:
        each(lanes, [&](int l) {
          const int64_t value = extended(get(warp, i.of[0], i.wide ? 64 : i.from.bits, l), i.from);
          const float result = i.from.kind == 's' ? (float)value : (float)(uint64_t)value;
          put(warp, i.to[0], 32, l, bits(result));
        });
        break;
      case Op::CONVERT_FROM_F32:
        if (i.type.kind != 's' || i.type.bits != 32) fail("a float that becomes other than s32");
        each(lanes, [&](int l) {
          const double value = f(narrow(kernel, warp, i.of[0])[l]);
          const double bounded = value != value ? 0 : std::min(std::max(std::trunc(value), -0x1p31), 0x1p31 - 1);
          put(warp, i.to[0], 32, l, (uint64_t)(int64_t)bounded);
        });
        break;
      case Op::PACK_F16:
      case Op::PACK_BF16: {
        uint32_t* to = narrow(kernel, warp, i.to[0]);
        const uint32_t* high = narrow(kernel, warp, i.of[0]);
        const uint32_t* low = narrow(kernel, warp, i.of[1]);
        const bool half = i.op == Op::PACK_F16;
        each(lanes, [&](int l) {
          to[l] = half ? half_of(f(high[l])) << 16 | half_of(f(low[l]))
                       : bfloat_of(f(high[l])) << 16 | bfloat_of(f(low[l]));
        });
        break;
      }
      case Op::LOAD: load(warp, i, lanes); break;
      case Op::STORE: store(warp, i, lanes); break;
      case Op::ATOMIC: atomic(warp, i, lanes); break;
      case Op::FENCE:
        deliver_all();
        seen.clear();
        break;
      case Op::NOTHING: break;
      default: fail("an instruction that is not executed");
    }
  }

  void load(Warp& warp, const Instruction& i, uint32_t lanes) {
    const int bytes = i.type.bytes();
    const int all = bytes * (int)i.to.size();
    const int bits = i.wide ? 64 : std::max(i.type.bits, 16);
    each(lanes, [&](int l) {
      if (i.space == Space::PARAM) {
        uint64_t value = 0;
        std::memcpy(&value, &parameters.at(i.offset), bytes);
        put(warp, i.to[0], bits, l, (uint64_t)extended(value, i.type));
        return;
      }
      const uint64_t address = wide(kernel, warp, i.of[0])[l] + (uint64_t)i.offset;
      const uint8_t* from;
      if (i.space == Space::SHARED) {
        from = local(address, all);
        use(warp, l, address, all, false, 0);
      } else {
        from = i.space == Space::GLOBAL    ? global(address, all)
               : i.space == Space::PRIVATE ? own(warp, l, address, all)
                                           : (const uint8_t*)(uintptr_t)address;
      }
      uint64_t values[4];  // all are read before any register changes, which may hold the address
      for (size_t k = 0; k < i.to.size(); k++) {
        uint8_t* at = const_cast<uint8_t*>(from) + k * bytes;
        values[k] = 0;
        if (i.space != Space::GLOBAL) std::memcpy(&values[k], at, bytes);
        else values[k] = i.relaxed ? fresh(at, bytes) : stale(at, bytes);
        values[k] = (uint64_t)extended(values[k], i.type);
      }
      for (size_t k = 0; k < i.to.size(); k++) put(warp, i.to[k], bits, l, values[k]);
    });
    if (i.acquires) seen.clear();
  }

  void store(Warp& warp, const Instruction& i, uint32_t lanes) {
    const int bytes = i.type.bytes();
    const int all = bytes * ((int)i.of.size() - 1);
    each(lanes, [&](int l) {
      const uint64_t address = wide(kernel, warp, i.of[0])[l] + (uint64_t)i.offset;
      uint8_t* to = i.space == Space::SHARED    ? local(address, all)
                    : i.space == Space::PRIVATE ? own(warp, l, address, all)
                                                : global(address, all);
      for (size_t k = 1; k < i.of.size(); k++) {
        const uint64_t value = get(warp, i.of[k], i.wide ? 64 : std::max(i.type.bits, 16), l);
        uint8_t* at = to + (k - 1) * bytes;
        if (i.space != Space::GLOBAL) {
          if (i.space == Space::SHARED) use(warp, l, address + (k - 1) * bytes, bytes, true, value);
          std::memcpy(at, &value, bytes);
        } else if (i.relaxed) {
          pending.push_back({at, bytes, value});
        } else {
          stored(at, bytes, value);
        }
      }
    });
  }

  void atomic(Warp& warp, const Instruction& i, uint32_t lanes) {
    if (i.type.bits != 32 || i.space != Space::GLOBAL) fail("an atomic access to other than 32 bits of global memory");
    each(lanes, [&](int l) {
      uint8_t* at = global(wide(kernel, warp, i.of[0])[l] + (uint64_t)i.offset, 4);
      const uint32_t operand = narrow(kernel, warp, i.of[1])[l];
      const uint32_t old = (uint32_t)fresh(at, 4);
      const uint32_t now = i.atomic == Atomic::ADD ? old + operand : i.atomic == Atomic::OR ? old | operand : operand;
      if (i.releases) deliver_all();
      std::memcpy(at, &now, 4);
      if (!i.to.empty()) narrow(kernel, warp, i.to[0])[l] = old;
    });
  }

  // d = c + a * b, the layout of fragments as in the PTX ISA's "Matrix Fragments for mma.m16n8k8" and ".m16n8k16"
  void multiply(Warp& warp, const Instruction& i) {
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
        const uint32_t held = narrow(kernel, warp, i.of[k])[lane];
        for (int p = 0; p < values; p++) a[row][word * values + p] = unpack(held, p);
      }
      for (int k = 0; k < 2; k++) {
        const int word = thread + 4 * k;
        const uint32_t held = narrow(kernel, warp, i.of[4 + k])[lane];
        for (int p = 0; p < values; p++) b[word * values + p][group] = unpack(held, p);
      }
      for (int k = 0; k < 4; k++) {
        c[group + (k >= 2 ? 8 : 0)][2 * thread + (k & 1)] = f(narrow(kernel, warp, i.of[6 + k])[lane]);
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
        narrow(kernel, warp, i.to[k])[lane] = bits(c[(lane >> 2) + (k >= 2 ? 8 : 0)][2 * (lane & 3) + (k & 1)]);
      }
    }
  }
};

}  // namespace

void Counts::add(const Counts& other) {
  instructions += other.instructions;
  multiply_adds += other.multiply_adds;
  products += other.products;
  barriers += other.barriers;
  global_reads += other.global_reads;
  global_read_parts += other.global_read_parts;
  global_writes += other.global_writes;
  global_write_parts += other.global_write_parts;
  local_uses += other.local_uses;
  local_turns += other.local_turns;
}

void run(const Launch& launch) {
  const uint64_t total = (uint64_t)launch.groups[0] * launch.groups[1] * launch.groups[2];
  if (!launch.kernel->waits) {  // no group knows of another
    std::atomic<uint64_t> next{0};
    std::mutex mutex;
    std::string wrong;
    auto work = [&] {
      try {
        for (uint64_t number = next++; number < total; number = next++) {
          Group group(launch, number);
          while (!group.finished()) group.turn(1 << 10);
          if (launch.counts) {
            std::lock_guard<std::mutex> lock(mutex);
            launch.counts->add(group.counts());
          }
        }
      } catch (const Error& error) {
        next = total;
        std::lock_guard<std::mutex> lock(mutex);
        wrong = error.what();
      }
    };
    std::vector<std::thread> threads;
    const uint64_t workers = std::min<uint64_t>(std::thread::hardware_concurrency(), total);
    for (uint64_t k = 1; k < workers; k++) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
    if (!wrong.empty()) throw Error(wrong);
    return;
  }
  std::mt19937_64 random(launch.seed);
  std::vector<std::unique_ptr<Group>> running;
  uint64_t next = 0;
  while (next < total || !running.empty()) {
    while (next < total && (int)running.size() < launch.compute_units) running.emplace_back(new Group(launch, next++));
    const size_t which = random() % running.size();
    const int turns = 1 << random() % 8;
    for (int turn = 0; turn < turns && !running[which]->finished(); turn++) {
      running[which]->turn(1 << random() % 10);
    }
    if (running[which]->finished()) {
      running[which]->deliver_all();
      if (launch.counts) launch.counts->add(running[which]->counts());
      running.erase(running.begin() + which);
    }
  }
}

}  // namespace ptx
