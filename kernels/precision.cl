// precision.cl: numbers of fewer bits as inputs of products, and the products of matrix units; to be included.
// PRECISION: ordinal of Precision.java (0 fp32, 1 tf32, 2 bf16, 3 fp16, 4 int8); sums are fp32 in all of them.
//   rounded(x)      to the nearest number of the precision, ties to even; int8 rounds weights alone
//   weight(w, n_size, k, n)   w[k][n] of weights [K][N];  weight4 likewise of four columns at once
//     int8: w begins with the columns' scales, [N] floats, then come the integers, [K][N] chars
//   word_of(a, b)   two bf16 or fp16 numbers in 32 bits, a in the low half; for tf32 a alone
//   words_of(fours) four words of 4*VALUES numbers
//   mma(a, b, c)    c + A * B of a 32-wide slice of the work-group, A [16][8 words], B [8 words][8], c [16][8]
//     Lane l = 4*g + t holds, as PTX has it for m16n8k8 (tf32) and m16n8k16 (bf16, fp16):
//       a = words (g, t), (g+8, t), (g, t+4), (g+8, t+4)    b = words (t, g), (t+4, g)
//       c = (g, 2t), (g, 2t+1), (g+8, 2t), (g+8, 2t+1)
//   mma_if(n, a, b, c)  the same where n, alike for all of the slice, is not 0, and c otherwise, without a branch
// PTX: NVIDIA's instruction, from sm_80 on. Without it the lanes exchange words through local memory, and all
// work-items of the group must call mma together.

#ifndef PRECISION
#define PRECISION 0
#endif

#if PRECISION == 3
inline int half_bits(const float x) {
  const int sign = as_int(x) >> 16 & 0x8000;
  const float size = fabs(x);
  if (!(size < 65520.0f)) {
    return sign | (size == size ? 0x7c00 : 0x7e00);
  }
  if (size < 0x1p-14f) {
    return sign | (as_int(size + 0.5f) - as_int(0.5f));  // in units of 2^-24
  }
  const int bits = as_int(size);
  return sign | ((bits + 0xfff + (bits >> 13 & 1)) >> 13) - (112 << 10);
}

inline float half_value(const int bits) {
  const int size = bits & 0x7fff;
  const float value = size >= 0x7c00  ? as_float(0x7f800000 | size << 13)
                      : size >= 0x400 ? as_float((size << 13) + (112 << 23))
                                      : (float)size * 0x1p-24f;
  return bits & 0x8000 ? -value : value;
}

inline float rounded(const float x) {
  return half_value(half_bits(x));
}
#elif PRECISION == 0 || PRECISION == 4
inline float rounded(const float x) {
  return x;
}
#else
#define DROPPED (PRECISION == 1 ? 13 : 16)  // bits
inline float rounded(const float x) {
  const int bits = as_int(x);
  const int kept = (bits + (1 << (DROPPED - 1)) - 1 + (bits >> DROPPED & 1)) & -(1 << DROPPED);
  return fabs(x) < INFINITY ? as_float(kept) : x;
}
#endif

#if PRECISION == 4
inline float weight(__global const float* restrict w, const int n_size, const int k, const int n) {
  __global const char* integers = (__global const char*)(w + n_size);
  return (float)integers[(size_t)k * n_size + n] * w[n];
}

inline float4 weight4(__global const float4* restrict w, const int n_size, const int k, const int n) {
  __global const char4* integers = (__global const char4*)(w + n_size);
  return convert_float4(integers[(size_t)k * n_size + n]) * w[n];
}
#else
inline float weight(__global const float* restrict w, const int n_size, const int k, const int n) {
  return w[(size_t)k * n_size + n];
}

inline float4 weight4(__global const float4* restrict w, const int n_size, const int k, const int n) {
  return w[(size_t)k * n_size + n];
}
#endif

#if PRECISION == 1
#define VALUES 1  // of a word
typedef int Word;  // where h is kept for others
inline int word_of(const float a, const float b) {
  return as_int(rounded(a));
}

inline int4 words_of(const float4* fours) {
  return (int4)(
      word_of(fours[0].x, 0.0f), word_of(fours[0].y, 0.0f), word_of(fours[0].z, 0.0f), word_of(fours[0].w, 0.0f));
}
#elif PRECISION == 2 || PRECISION == 3
#define VALUES 2
typedef ushort Word;
inline int bits_of(const float x) {
#if PRECISION == 3
  return half_bits(x);
#else
  return as_int(rounded(x)) >> 16 & 0xffff;
#endif
}

#if defined(MATRIX) && defined(PTX)  // in one instruction; what is no number may get other bits
#if PRECISION == 3
#define PACK "cvt.rn.f16x2.f32"
#else
#define PACK "cvt.rn.bf16x2.f32"
#endif
inline int word_of(const float a, const float b) {
  int word;
  __asm__(PACK " %0, %1, %2;" : "=r"(word) : "f"(b), "f"(a));
  return word;
}
#else
inline int word_of(const float a, const float b) {
  return bits_of(a) | bits_of(b) << 16;
}
#endif

inline int4 words_of(const float4* fours) {
  return (int4)(
      word_of(fours[0].x, fours[0].y), word_of(fours[0].z, fours[0].w), word_of(fours[1].x, fours[1].y),
      word_of(fours[1].z, fours[1].w));
}
#endif

#ifdef MATRIX
#ifdef PTX
#define BOX_WORDS 1
#if PRECISION == 1
#define MMA "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"
#elif PRECISION == 2
#define MMA "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"
#else
#define MMA "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"
#endif
inline float4 mma(const int4 a, const int2 b, const float4 c, __local int* box) {
  float d0, d1, d2, d3;
  __asm__(MMA " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"
          : "=f"(d0), "=f"(d1), "=f"(d2), "=f"(d3)
          : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b.x), "r"(b.y), "f"(c.x), "f"(c.y), "f"(c.z), "f"(c.w));
  return (float4)(d0, d1, d2, d3);
}

inline float4 mma_if(const int now, const int4 a, const int2 b, const float4 c, __local int* box) {
  float d0 = c.x, d1 = c.y, d2 = c.z, d3 = c.w;
  __asm__("{ .reg .pred now; setp.ne.s32 now, %10, 0; @now " MMA
          " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3}; }"
          : "+f"(d0), "+f"(d1), "+f"(d2), "+f"(d3)
          : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b.x), "r"(b.y), "r"(now));
  return (float4)(d0, d1, d2, d3);
}
#else
#define BOX_WORDS (6 * ITEMS)
inline float dot_words(const int a, const int b, const float sum) {
#if PRECISION == 1
  return fma(as_float(a), as_float(b), sum);
#elif PRECISION == 2
  return fma(as_float(a & 0xffff0000), as_float(b & 0xffff0000), fma(as_float(a << 16), as_float(b << 16), sum));
#else
  return fma(half_value(a >> 16 & 0xffff), half_value(b >> 16 & 0xffff),
             fma(half_value(a & 0xffff), half_value(b & 0xffff), sum));
#endif
}

inline float4 mma(const int4 a, const int2 b, const float4 c, __local int* box) {
  const int item = get_local_id(0);
  const int lane = item & 31;
  __local int* slice = box + 6 * (item - lane);
  barrier(CLK_LOCAL_MEM_FENCE);
  slice[lane] = a.x;
  slice[32 + lane] = a.y;
  slice[64 + lane] = a.z;
  slice[96 + lane] = a.w;
  slice[128 + lane] = b.x;
  slice[160 + lane] = b.y;
  barrier(CLK_LOCAL_MEM_FENCE);
  const int g = lane / 4;
  const int column = 2 * (lane - 4 * g);
  float4 d = c;
  for (int k = 0; k < 8; ++k) {
    const int t = k % 4;
    const int upper = slice[64 * (k / 4) + 4 * g + t];
    const int lower = slice[64 * (k / 4) + 32 + 4 * g + t];
    const int left = slice[128 + 32 * (k / 4) + 4 * column + t];
    const int right = slice[128 + 32 * (k / 4) + 4 * (column + 1) + t];
    d.x = dot_words(upper, left, d.x);
    d.y = dot_words(upper, right, d.y);
    d.z = dot_words(lower, left, d.z);
    d.w = dot_words(lower, right, d.w);
  }
  return d;
}

inline float4 mma_if(const int now, const int4 a, const int2 b, const float4 c, __local int* box) {
  return now ? mma(a, b, c, box) : c;
}
#endif
#endif
