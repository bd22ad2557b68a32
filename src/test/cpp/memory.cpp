#include "memory.h"

namespace ptx {

Memory::Memory(const Launch& launch, std::mt19937_64& random) : kernel(*launch.kernel), random(random) {
  place_arguments(launch);
}

void Memory::execute(Warp& warp, const Instruction& i, uint32_t lanes) {
  switch (i.op) {
    case Op::LOAD: load(warp, i, lanes); break;
    case Op::STORE: store(warp, i, lanes); break;
    case Op::ATOMIC: atomic(warp, i, lanes); break;
    default:  // FENCE
      deliver_all();
      seen.clear();
  }
}

void Memory::deliver_all() {
  for (const Pending& store : pending) std::memcpy(store.to, &store.value, store.bytes);
  pending.clear();
}

void Memory::place_arguments(const Launch& launch) {
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

void Memory::deliver_some() {
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

uint8_t* Memory::global(uint64_t address, int bytes) {
  uint8_t* at = (uint8_t*)(uintptr_t)address;
  if (address % bytes != 0) throw Error("a misaligned access of " + std::to_string(bytes) + " bytes");
  for (size_t k = 0; k <= regions.size(); k++) {
    const size_t r = k == 0 ? last_region : k - 1;
    if (r < regions.size() && at >= regions[r].begin && at + bytes <= regions[r].end) {
      last_region = r;
      return at;
    }
  }
  throw Error("an access of " + std::to_string(bytes) + " bytes outside all arguments' memory");
}

uint8_t* Memory::own(Warp& warp, int lane, uint64_t address, int bytes) {
  if (address + bytes > (uint64_t)kernel.private_bytes) throw Error("an access outside a work-item's own memory");
  return &warp.memory[lane * kernel.private_bytes + address];
}

uint8_t* Memory::local(uint64_t address, int bytes) {
  const bool inside = address >= SHARED_BASE && address - SHARED_BASE + bytes <= shared.size();
  if (!inside) throw Error("an access outside local memory");
  if (address % bytes != 0) throw Error("a misaligned access of " + std::to_string(bytes) + " bytes of local memory");
  return &shared[address - SHARED_BASE];
}

/** A work-item of the warp uses local memory. */
void Memory::use(const Warp& warp, int lane, uint64_t address, int bytes, bool writes, uint64_t value) {
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
      throw Error("a race: work-items " + std::to_string(use.writer) + " and " + std::to_string(item) + " use byte " +
           std::to_string(2 * place) + " of local memory, the first wrote it");
    }
    if (changes && meets(use.reader, use.read_barrier, use.read_sync)) {
      throw Error("a race: work-item " + std::to_string(item) + " writes byte " + std::to_string(2 * place) +
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
uint64_t Memory::fresh(uint8_t* at, int bytes) const {
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
uint64_t Memory::stale(uint8_t* at, int bytes) {
  uint64_t value = 0;
  std::memcpy(&value, at, bytes);
  if (!kernel.waits || bytes < 4) return value;
  for (int b = 0; b < bytes; b += 4) {
    auto known = seen.emplace((uint64_t)(uintptr_t)at + b, (uint32_t)(value >> 8 * b));
    std::memcpy((uint8_t*)&value + b, &known.first->second, 4);
  }
  return value;
}

void Memory::stored(uint8_t* at, int bytes, uint64_t value) {
  std::memcpy(at, &value, bytes);
  if (!kernel.waits || bytes < 4) return;
  for (int b = 0; b < bytes; b += 4) {
    auto known = seen.find((uint64_t)(uintptr_t)at + b);
    if (known != seen.end()) known->second = (uint32_t)(value >> 8 * b);
  }
}

void Memory::load(Warp& warp, const Instruction& i, uint32_t lanes) {
  const int bytes = i.type.bytes();
  const int all = bytes * (int)i.to.size();
  const int bits = i.wide ? 64 : std::max(i.type.bits, 16);
  each(lanes, [&](int l) {
    if (i.space == Space::PARAM) {
      uint64_t value = 0;
      std::memcpy(&value, &parameters.at(i.offset), bytes);
      warp.put(i.to[0], bits, l, (uint64_t)extended(value, i.type));
      return;
    }
    const uint64_t address = warp.addresses(i.of[0])[l] + (uint64_t)i.offset;
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
    for (size_t k = 0; k < i.to.size(); k++) warp.put(i.to[k], bits, l, values[k]);
  });
  if (i.acquires) seen.clear();
}

void Memory::store(Warp& warp, const Instruction& i, uint32_t lanes) {
  const int bytes = i.type.bytes();
  const int all = bytes * ((int)i.of.size() - 1);
  each(lanes, [&](int l) {
    const uint64_t address = warp.addresses(i.of[0])[l] + (uint64_t)i.offset;
    uint8_t* to = i.space == Space::SHARED    ? local(address, all)
                  : i.space == Space::PRIVATE ? own(warp, l, address, all)
                                              : global(address, all);
    for (size_t k = 1; k < i.of.size(); k++) {
      const uint64_t value = warp.get(i.of[k], i.wide ? 64 : std::max(i.type.bits, 16), l);
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

void Memory::atomic(Warp& warp, const Instruction& i, uint32_t lanes) {
  const bool known = i.type.bits == 32 && i.space == Space::GLOBAL;
  if (!known) throw Error("an atomic access to other than 32 bits of global memory");
  each(lanes, [&](int l) {
    uint8_t* at = global(warp.addresses(i.of[0])[l] + (uint64_t)i.offset, 4);
    const uint32_t operand = (uint32_t)warp.get(i.of[1], 32, l);
    const uint32_t old = (uint32_t)fresh(at, 4);
    const uint32_t now = i.atomic == Atomic::ADD ? old + operand : i.atomic == Atomic::OR ? old | operand : operand;
    if (i.releases) deliver_all();
    std::memcpy(at, &now, 4);
    if (!i.to.empty()) warp.put(i.to[0], 32, l, old);
  });
}

}  // namespace ptx
