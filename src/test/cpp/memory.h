// The memory that a work-group sees: global memory with the delays that others' eyes are subject to, local memory with
// a watch for races, and each work-item's own.
#pragma once

#include <random>
#include <unordered_map>

#include "machine.h"
#include "warp.h"

namespace ptx {

class Memory {
 public:
  Memory(const Launch& launch, std::mt19937_64& random);

  /** LOAD, STORE, ATOMIC or FENCE. */
  void execute(Warp& warp, const Instruction& i, uint32_t lanes);
  /** All of the group have been at a barrier. */
  void barrier() { barriers++; }
  bool pending_stores() const { return !pending.empty(); }
  /** Some of what this group has stored for others arrives. */
  void deliver_some();
  void deliver_all();

 private:
  struct Region {
    uint8_t* begin;
    uint8_t* end;
  };
  /** Who used a half-word of local memory last, for races. */
  struct Use {
    int writer = -1, reader = -1;  // work-items; MANY readers
    int write_barrier = -1, write_sync = -1, read_barrier = -1, read_sync = -1;
  };
  static constexpr int MANY = -2;
  /** A relaxed store on its way. */
  struct Pending {
    uint8_t* to;
    int bytes;
    uint64_t value;
  };

  const Kernel& kernel;
  std::mt19937_64& random;
  std::vector<uint8_t> parameters;
  std::vector<Region> regions;  // that the arguments point to
  std::vector<uint8_t> shared;
  std::vector<Use> uses;
  std::vector<Pending> pending;
  std::unordered_map<uint64_t, uint32_t> seen;  // words of global memory, as plain loads have them
  int barriers = 0;
  size_t last_region = 0;

  void place_arguments(const Launch& launch);
  uint8_t* global(uint64_t address, int bytes);
  uint8_t* own(Warp& warp, int lane, uint64_t address, int bytes);
  uint8_t* local(uint64_t address, int bytes);
  void use(const Warp& warp, int lane, uint64_t address, int bytes, bool writes, uint64_t value);
  uint64_t fresh(uint8_t* at, int bytes) const;
  uint64_t stale(uint8_t* at, int bytes);
  void stored(uint8_t* at, int bytes, uint64_t value);
  void load(Warp& warp, const Instruction& i, uint32_t lanes);
  void store(Warp& warp, const Instruction& i, uint32_t lanes);
  void atomic(Warp& warp, const Instruction& i, uint32_t lanes);
};

}  // namespace ptx
