// terms.cl: terms of a sum that are neighbours in memory, read together; to be included after precision.cl.
// FOURS: rows of terms are multiples of four long, so that fours of them can be read
//   Terms                TERMS neighbouring terms
//   keep_terms           writes them `pitch` floats apart, rounded
//   WEIGHTS(w, N, k, n)  w[k][n..n+TERMS)

#ifdef FOURS
#define TERMS 4
typedef float4 Terms;
#define WEIGHTS(w, n_size, k, n) weight4((__global const float4*)(w), (n_size) / 4, k, (n) / 4)
inline void keep_terms(const float4 terms, __local float* to, const int pitch) {
  to[0] = rounded(terms.x);
  to[pitch] = rounded(terms.y);
  to[2 * pitch] = rounded(terms.z);
  to[3 * pitch] = rounded(terms.w);
}
#else
#define TERMS 1
typedef float Terms;
#define WEIGHTS weight
inline void keep_terms(const float terms, __local float* to, const int pitch) {
  to[0] = rounded(terms);
}
#endif
