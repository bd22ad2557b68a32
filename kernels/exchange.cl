// exchange.cl: work-groups of one launch that hand each other h word by word; to be included. All of them must run at
// once. A word that has not been written yet is UNWRITTEN, which no h is: whoever reads sees by the word itself whether
// it is there, and nothing else has to be waited for, or to be in order. A step's h lies in a slot of its own, so that
// none is written twice in a launch.
//   read_fresh   past the L1 cache, what another group may write; of four words two and two come at once
//   write_fresh  what others will read so (a store to volatile would be one for the whole system)
//   handed       h as it may be written
//   look_again   after the nth look in vain: whether to look once more; 0 after POLLS of them, and then failed is set
//   rejoin       a 32-wide slice of the group, after a loop that its work-items leave one by one
//   EXCHANGED    fence of a barrier between what the group itself writes so and reads
// PTX: NVIDIA's instructions, from sm_70 on; without it volatile reads and writes.

#ifndef POLLS
#error "exchange.cl needs POLLS"
#endif
#define UNWRITTEN (-1)

#ifdef PTX
#define EXCHANGED CLK_LOCAL_MEM_FENCE
inline float read_fresh(volatile __global const float* from) {
  float value;
  __asm__ volatile("ld.relaxed.gpu.global.f32 %0, [%1];" : "=f"(value) : "l"(from) : "memory");
  return value;
}

inline int4 read_fresh4(volatile __global const int* from) {
  long low, high;
  __asm__ volatile("ld.relaxed.gpu.global.v2.s64 {%0, %1}, [%2];" : "=l"(low), "=l"(high) : "l"(from) : "memory");
  return as_int4((long2)(low, high));
}

inline void write_fresh(volatile __global float* to, const float value) {
  __asm__ volatile("st.relaxed.gpu.global.f32 [%0], %1;" : : "l"(to), "f"(value) : "memory");
}

inline void write_fresh4(volatile __global int* to, const int4 words) {
  const long2 pairs = as_long2(words);
  __asm__ volatile("st.relaxed.gpu.global.v2.s64 [%0], {%1, %2};" : : "l"(to), "l"(pairs.x), "l"(pairs.y) : "memory");
}

inline void rejoin(void) {
  __asm__ volatile("bar.warp.sync 0xffffffff;" : : : "memory");
}
#else
#define EXCHANGED (CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
inline float read_fresh(volatile __global const float* from) {
  return *from;
}

inline int4 read_fresh4(volatile __global const int* from) {
  volatile __global const long* pairs = (volatile __global const long*)from;
  return as_int4((long2)(pairs[0], pairs[1]));
}

inline void write_fresh(volatile __global float* to, const float value) {
  *to = value;
}

inline void write_fresh4(volatile __global int* to, const int4 words) {
  volatile __global long* pairs = (volatile __global long*)to;
  pairs[0] = as_long2(words).x;
  pairs[1] = as_long2(words).y;
}

inline void rejoin(void) {}
#endif

inline float handed(const float h) {
  return h == h ? h : NAN;
}

inline int look_again(const int n, volatile __global int* failed) {
  if (n % 1024 == 0 && atomic_add(failed, 0) != 0) {
    return 0;
  }
  if (n < POLLS) {
    return 1;
  }
  atomic_xchg(failed, 1);
  return 0;
}
