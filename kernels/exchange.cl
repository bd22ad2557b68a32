// exchange.cl: work-groups of one launch that hand each other data; to be included. All of them must run at once.
//   read_fresh  past the L1 cache, what another group wrote before it arrived
//   write_fresh what others will read so (a store to volatile would be one for the whole system)
//   arrive      after a barrier with a global fence: this group's writes are there
//   await       whether `wanted` groups have arrived; 0 if not all did before POLLS looks, and then failed is set
// PTX: NVIDIA's instructions, from sm_70 on; without it OpenCL 1.x atomics, fences and volatile reads.

#ifndef POLLS
#error "exchange.cl needs POLLS"
#endif

#ifdef PTX
inline float read_fresh(volatile __global const float* from) {
  float value;
  __asm__ volatile("ld.relaxed.gpu.global.f32 %0, [%1];" : "=f"(value) : "l"(from) : "memory");
  return value;
}

inline int4 read_fresh4(volatile __global const int* from) {
  int v0, v1, v2, v3;
  __asm__ volatile("ld.relaxed.gpu.global.v4.s32 {%0, %1, %2, %3}, [%4];"
                   : "=r"(v0), "=r"(v1), "=r"(v2), "=r"(v3)
                   : "l"(from)
                   : "memory");
  return (int4)(v0, v1, v2, v3);
}

inline void write_fresh(volatile __global float* to, const float value) {
  __asm__ volatile("st.relaxed.gpu.global.f32 [%0], %1;" : : "l"(to), "f"(value) : "memory");
}

inline void write_fresh32(volatile __global int* to, const int value) {
  __asm__ volatile("st.relaxed.gpu.global.s32 [%0], %1;" : : "l"(to), "r"(value) : "memory");
}

inline void write_fresh16(volatile __global ushort* to, const int value) {
  __asm__ volatile("st.relaxed.gpu.global.u16 [%0], %1;" : : "l"(to), "r"(value) : "memory");
}

inline void arrive(volatile __global int* counter) {
  __asm__ volatile("red.release.gpu.global.add.u32 [%0], 1;" : : "l"(counter) : "memory");
}

inline int poll(volatile __global int* counter) {
  int value;
  __asm__ volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(counter) : "memory");
  return value;
}
#else
inline float read_fresh(volatile __global const float* from) {
  return *from;
}

inline int4 read_fresh4(volatile __global const int* from) {
  return (int4)(from[0], from[1], from[2], from[3]);
}

inline void write_fresh(volatile __global float* to, const float value) {
  *to = value;
}

inline void write_fresh32(volatile __global int* to, const int value) {
  *to = value;
}

inline void write_fresh16(volatile __global ushort* to, const int value) {
  *to = (ushort)value;
}

inline void arrive(volatile __global int* counter) {
  mem_fence(CLK_GLOBAL_MEM_FENCE);
  atomic_inc(counter);
}

inline int poll(volatile __global int* counter) {
  const int value = atomic_add(counter, 0);
  mem_fence(CLK_GLOBAL_MEM_FENCE);
  return value;
}
#endif

inline int await(volatile __global int* counter, const int wanted, volatile __global int* failed) {
  for (int n = 1; n < POLLS; ++n) {
    if (poll(counter) >= wanted) {
      return 1;
    }
    if (n % 1024 == 0 && poll(failed) != 0) {
      return 0;
    }
  }
  atomic_xchg(failed, 1);
  return 0;
}

// At the end of a launch: the last group to come leaves the counter as it was found.
inline void leave(volatile __global int* counter, const int all) {
  if (atomic_inc(counter) == all - 1) {
    atomic_xchg(counter, 0);
  }
}
