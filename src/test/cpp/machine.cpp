#include "machine.h"

#include <atomic>
#include <mutex>
#include <random>
#include <thread>

#include "memory.h"
#include "warp.h"

namespace ptx {
namespace {

/** Lanes of a warp that are at the same instruction. */
struct Fragment {
  uint32_t lanes;
  int at;
  enum State { RUNS, AT_BARRIER, AT_WARP_BARRIER, AT_PRODUCT } state;
};

/** A warp, and where its lanes are. */
struct Slice : Warp {
  std::vector<Fragment> fragments;

  Slice(const Kernel& kernel, int number, uint32_t items)
      : Warp(kernel, number, items), fragments{{live, 0, Fragment::RUNS}} {}
};

class Group {
 public:
  Group(const Launch& launch, uint64_t number)
      : launch(launch), kernel(*launch.kernel), random(launch.seed ^ (number + 1) * 0x9e3779b97f4a7c15u),
        memory(launch, random), items(launch.items[0] * launch.items[1] * launch.items[2]) {
    const uint32_t x = number % launch.groups[0];
    const uint32_t y = number / launch.groups[0] % launch.groups[1];
    const uint32_t z = number / launch.groups[0] / launch.groups[1];
    for (uint32_t first = 0; first < items; first += LANES) {
      slices.emplace_back(kernel, (int)(first / LANES), std::min<uint32_t>(LANES, items - first));
      for (int lane = 0; lane < LANES; lane++) {
        const uint32_t item = first + lane;
        const uint32_t values[SPECIALS] = {
            item % launch.items[0], item / launch.items[0] % launch.items[1],
            item / launch.items[0] / launch.items[1], launch.items[0], launch.items[1], launch.items[2], x, y, z,
            launch.groups[0], launch.groups[1], launch.groups[2], (uint32_t)lane};
        for (int s = 0; s < SPECIALS; s++) slices.back().put(s * LANES, 32, lane, values[s]);
      }
    }
    alive = (uint32_t)slices.size();
  }

  bool finished() const { return alive == 0; }

  const Counts& counts() const { return counted; }

  void deliver_all() { memory.deliver_all(); }

  /** Some warp goes on, for so many instructions at most. */
  void turn(int most) {
    try {
      if (memory.pending_stores() && random() % 4 == 0) memory.deliver_some();
      const size_t from = random() % slices.size();
      for (size_t k = 0; k < slices.size(); k++) {
        Slice& slice = slices[(from + k) % slices.size()];
        std::vector<int> ready;
        for (size_t i = 0; i < slice.fragments.size(); i++) {
          if (slice.fragments[i].state == Fragment::RUNS) ready.push_back((int)i);
        }
        if (!ready.empty()) {
          go(slice, launch.counts ? behind(slice, ready) : ready[random() % ready.size()], most);
          return;
        }
      }
      throw Error("a barrier or product that not all work-items reach");
    } catch (const Error& error) {
      throw Error("kernel " + kernel.name + ", PTX line " + std::to_string(line) + ": " + error.what());
    }
  }

 private:
  const Launch& launch;
  const Kernel& kernel;
  std::mt19937_64 random;
  Memory memory;
  std::vector<Slice> slices;
  Counts counted;
  const uint32_t items;
  uint32_t waiting = 0;  // items at the barrier
  uint32_t alive;        // warps
  int line = 0;

  /** The lanes that are the furthest behind, with all that are at the same instruction. */
  int behind(Slice& slice, const std::vector<int>& ready) {
    int first = ready[0];
    for (int k : ready) {
      if (slice.fragments[k].at < slice.fragments[first].at) first = k;
    }
    for (size_t k = ready.size(); k-- > 0;) {
      const int other = ready[k];
      if (other != first && slice.fragments[other].at == slice.fragments[first].at) {
        slice.fragments[first].lanes |= slice.fragments[other].lanes;
        slice.fragments.erase(slice.fragments.begin() + other);
        if (other < first) first--;
      }
    }
    return first;
  }

  void go(Slice& slice, int which, int most) {
    if (launch.counts && slice.fragments.size() > 1) most = 1;
    Fragment now = slice.fragments[which];
    for (int n = 0; n < most && now.state == Fragment::RUNS; n++) {
      const Instruction& i = kernel.code[now.at];
      line = i.line;
      uint32_t lanes = now.lanes;
      if (i.guard >= 0) {
        const uint32_t given = slice.predicate(i.guard);
        lanes &= i.unless ? ~given : given;
      }
      if (launch.counts) counted.count(slice, i, lanes);
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
            slice.fragments.push_back(other);
          }
          break;
        case Op::RETURN:
          if (lanes != now.lanes) throw Error("a return of some");
          slice.live &= ~lanes;
          slice.fragments.erase(slice.fragments.begin() + which);
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
            if (lanes != 0 && lanes != ALL) throw Error("a product of a part of a warp");
            if (lanes) slice.multiply(i);
            now.at++;
          } else {
            now.state = Fragment::AT_PRODUCT;
          }
          break;
        case Op::LOAD:
        case Op::STORE:
        case Op::ATOMIC:
        case Op::FENCE:
          if (lanes) memory.execute(slice, i, lanes);
          now.at++;
          break;
        default:
          if (lanes) slice.execute(i, lanes);
          now.at++;
      }
    }
    slice.fragments[which] = now;
    if (now.state == Fragment::AT_WARP_BARRIER || now.state == Fragment::AT_PRODUCT) meet(slice, now.state);
    if (now.state == Fragment::AT_BARRIER && waiting == items) release();
  }

  void leave() {
    if (waiting > 0) throw Error("work-items end while others wait at a barrier");
    alive = 0;
    for (const Slice& slice : slices) alive += slice.live != 0;
  }

  void meet(Slice& slice, Fragment::State where) {
    uint32_t here = 0;
    for (const Fragment& part : slice.fragments) {
      if (part.state == where) here |= part.lanes;
    }
    if (here != ALL) return;
    for (const Fragment& part : slice.fragments) {
      if (part.at != slice.fragments[0].at) throw Error("a warp whose work-items meet at different instructions");
    }
    slice.fragments = {{ALL, slice.fragments[0].at, Fragment::RUNS}};
    slice.syncs += where == Fragment::AT_WARP_BARRIER;
  }

  void release() {
    for (Slice& slice : slices) {
      for (const Fragment& part : slice.fragments) {
        const bool elsewhere = part.at != slices[0].fragments[0].at;
        if (elsewhere) throw Error("a barrier that work-items reach at different instructions");
      }
      slice.fragments = {{slice.live, slice.fragments[0].at, Fragment::RUNS}};
    }
    waiting = 0;
    memory.barrier();
  }
};

}  // namespace

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
