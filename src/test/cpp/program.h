// PTX as text, and as instructions that machine.cpp can execute: those that clang makes of kernels/*.cl, and the ones
// that these write out. What is not known is an error, never passed over.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace ptx {

constexpr uint64_t SHARED_BASE = 1024;  // address of local memory's first byte, so that 0 is nobody's
constexpr int LANES = 32;
constexpr int CONSTANT_WORDS = 3 * LANES;

/** PTX that is not understood, or a launch that breaks a rule. */
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Op {
  FMA_F32, ADD_F32, SUB_F32, MUL_F32, DIV_F32, RCP_F32, SQRT_F32, NEG_F32, ABS_F32, MIN_F32, MAX_F32, MIN_NAN_F32,
  MAX_NAN_F32,
  ADD, SUB, MUL_LO, MUL_HI, MUL_WIDE, MAD_LO, DIV, REM, MIN, MAX, NEG, NOT, AND, OR, XOR, SHL, SHR, BFE,
  SET, SELECT, MOVE, PACK, UNPACK, CONVERT, CONVERT_FROM_F32, CONVERT_TO_F32, PACK_F16, PACK_BF16,
  LOAD, STORE, ATOMIC, FENCE, NOTHING, BRANCH, RETURN, BARRIER, WARP_BARRIER, MMA_TF32, MMA_F16, MMA_BF16
};

enum class Compare { EQ, NE, LT, LE, GT, GE, EQU, NEU, LTU, LEU, GTU, GEU, NUM, NAN_ };
enum class Space { PARAM, GLOBAL, SHARED, CONSTANT, PRIVATE };
enum class Atomic { ADD, OR, EXCHANGE };

/** The type of a value: `kind` is b, u, s, f or p (a predicate). */
struct Type {
  char kind = 'b';
  int bits = 32;

  int bytes() const { return bits / 8; }
};

/** Where a value is: the first word of a register in those of its warp, or ~number of a constant. */
using Place = int;

struct Instruction {
  Op op;
  Type type;          // of what is computed, or of each number that is loaded or stored
  Type from;          // CONVERT, SET
  bool wide = false;  // CONVERT, LOAD, STORE: what is converted, loaded or stored has a register of 64 bits
  Compare compare = Compare::EQ;
  Space space = Space::GLOBAL;
  Atomic atomic = Atomic::ADD;
  bool relaxed = false;   // sees and is seen by other groups; otherwise loads may see what was there before
  bool acquires = false;  // later loads see what others wrote before
  bool releases = false;  // earlier stores are there before this
  int guard = -1;        // place of a predicate
  bool unless = false;   // the guard must be false
  int target = -1;       // BRANCH
  int64_t offset = 0;    // LOAD, STORE, ATOMIC
  std::vector<Place> to;
  std::vector<Place> of;
  int line = 0;
};

struct Parameter {
  int bytes = 0;
  int offset = 0;
  Space space = Space::PARAM;  // what a pointer points to; PARAM: it is none
};

struct Kernel {
  std::string name;
  std::vector<Parameter> parameters;
  int parameter_bytes = 0;
  std::vector<Instruction> code;
  int register_words = 0;               // 32-bit words of a warp's registers
  std::vector<uint32_t> constants;      // CONSTANT_WORDS each: it in 32 lanes of 32 bits, and in 32 lanes of 64
  int shared_bytes = 0;                 // without what is passed as an argument
  int private_bytes = 0;                // of a work-item, beyond its registers
  bool waits = false;                   // groups see what others do
  int items[3] = {0, 0, 0};             // of a group; 0: any
};

struct Program {
  std::vector<std::unique_ptr<Kernel>> kernels;
  std::map<std::string, std::vector<uint8_t>> constants;  // .const arrays
  std::string text;
};

/** Special registers, which each warp holds at these places, 32 words each. */
enum Special { TID_X, TID_Y, TID_Z, NTID_X, NTID_Y, NTID_Z, CTAID_X, CTAID_Y, CTAID_Z, NCTAID_X, NCTAID_Y, NCTAID_Z,
  LANE, SPECIALS };

std::unique_ptr<Program> parse(const std::string& text);

}  // namespace ptx
