// Runs a launch of a kernel of PTX as unkindly as the programming model allows it:
//   - Work-groups that see each other's memory take turns at random, in parts of any length; so do the warps of a group
//     and, once they have parted, the work-items of a warp, which come together at barriers and products alone.
//   - What a relaxed store writes is seen by others some time later, number by number in any order; a plain load sees
//     what its group saw there before.
//   - Not more groups run at once than the device has compute units.
// An error: an access outside what the arguments point to; two work-items of a group that use a word of local memory
// without a barrier between them, one of them writing; a barrier that not all reach, or by different instructions; a
// product of matrix units that not all of a warp do together.
// New registers and local memory hold NaN.
#pragma once

#include "program.h"

namespace ptx {

struct Argument {
  std::vector<uint8_t> value;     // a number; empty for pointers
  uint8_t* memory = nullptr;      // a pointer's first byte
  size_t bytes = 0;               // that it may reach, or that it takes of local memory
};

class Warp;

/** What a launch does, counted over all its warps. */
struct Counts {
  uint64_t instructions = 0;
  uint64_t multiply_adds = 0;     // fma of floats
  uint64_t products = 0;          // of matrix units
  uint64_t barriers = 0;
  uint64_t global_reads = 0;      // instructions,
  uint64_t global_read_parts = 0; // and aligned 32 bytes that they ask for
  uint64_t global_writes = 0;
  uint64_t global_write_parts = 0;
  uint64_t local_uses = 0;        // local memory: turns that its 32 banks take,
  uint64_t local_turns = 0;       // if no two lanes wanted different words of one; and those that they do take

  /** One more instruction. */
  void count(const Warp& warp, const Instruction& i, uint32_t lanes);
  void add(const Counts& other);
};

struct Launch {
  const Kernel* kernel;
  std::vector<Argument> arguments;
  uint32_t groups[3];
  uint32_t items[3];
  int compute_units;
  uint64_t seed;
  Counts* counts;  // or nullptr; where it is not, lanes that have parted come together as soon as they can
};

/** Throws Error. */
void run(const Launch& launch);

}  // namespace ptx
