#include <algorithm>

#include "machine.h"
#include "warp.h"

namespace ptx {

void Counts::count(const Warp& warp, const Instruction& i, uint32_t lanes) {
  instructions++;
  multiply_adds += i.op == Op::FMA_F32;
  products += i.op == Op::MMA_TF32 || i.op == Op::MMA_F16 || i.op == Op::MMA_BF16;
  barriers += i.op == Op::BARRIER;
  const bool load = i.op == Op::LOAD;
  if ((!load && i.op != Op::STORE) || lanes == 0) return;
  const int bytes = i.type.bytes() * (int)(load ? i.to.size() : i.of.size() - 1);
  if (i.space == Space::GLOBAL) {
    std::vector<uint64_t> parts;
    each(lanes, [&](int l) { parts.push_back((warp.addresses(i.of[0])[l] + (uint64_t)i.offset) / 32); });
    std::sort(parts.begin(), parts.end());
    const uint64_t different = std::unique(parts.begin(), parts.end()) - parts.begin();
    (load ? global_reads : global_writes)++;
    (load ? global_read_parts : global_write_parts) += different;
  } else if (i.space == Space::SHARED) {
    // Lanes that can be served in a turn: 128 bytes' worth, or twice as many where neighbours want the same.
    auto wanted = [&](int l) { return warp.addresses(i.of[0])[l]; };
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
        const uint64_t address = warp.addresses(i.of[0])[l] + (uint64_t)i.offset;
        for (uint64_t word = address / 4; word < (address + bytes + 3) / 4; word++) {
          std::vector<uint64_t>& bank = words[word % LANES];
          if (std::find(bank.begin(), bank.end(), word) == bank.end()) bank.push_back(word);
          most = std::max(most, bank.size());
        }
      }
      local_uses += most > 0;
      local_turns += most;
    }
  }
}

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

}  // namespace ptx
