// The registers of a warp's lanes, and the instructions that need nothing else.
#pragma once

#include "program.h"
#include "values.h"

namespace ptx {

class Warp {
 public:
  /** items: how many lanes there are, the first of which is that item of its group. */
  Warp(const Kernel& kernel, int number, uint32_t items);

  const int number;  // in its group
  uint32_t live;     // lanes that have not returned
  int syncs = 0;     // times that its lanes have met by themselves
  std::vector<uint8_t> memory;  // private to each lane

  uint64_t get(Place place, int bits, int lane) const;
  void put(Place place, int bits, int lane, uint64_t value);
  /** A predicate of all lanes, bit by bit. */
  uint32_t predicate(Place place) const { return *narrow(place); }
  /** Of each lane, where it has 64 bits. */
  const uint64_t* addresses(Place place) const { return wide(place); }

  void execute(const Instruction& i, uint32_t lanes);
  /** A product of matrix units, which all lanes do together. */
  void multiply(const Instruction& i);

 private:
  const Kernel& kernel;
  std::vector<uint32_t> registers;

  const uint32_t* narrow(Place place) const {
    return place >= 0 ? &registers[place] : &kernel.constants[~place * CONSTANT_WORDS];
  }
  const uint64_t* wide(Place place) const {
    return (const uint64_t*)(place >= 0 ? &registers[place] : &kernel.constants[~place * CONSTANT_WORDS + LANES]);
  }
  uint32_t* narrow_target(Place place) { return &registers[place]; }
  uint64_t* wide_target(Place place) { return (uint64_t*)&registers[place]; }

  template <class F>
  void floats(const Instruction& i, uint32_t lanes, F compute);
  template <class F>
  void numbers(const Instruction& i, uint32_t lanes, F compute);
  void shift(const Instruction& i, uint32_t lanes);
  void set(const Instruction& i, uint32_t lanes);
  void predicates(const Instruction& i, uint32_t lanes);
};

}  // namespace ptx
