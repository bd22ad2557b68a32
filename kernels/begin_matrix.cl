// begin_matrix.cl: h in the words that lstm_matrix.cl and lstm_matrix_step.cl read, before the first step.
//   even_h = rounded h, odd_h = 0;  both 0 from `hidden` and from `sequences` on
// h [B][H];  even_h, odd_h [padded][words] words, as numbers: numbers = words*VALUES
// Grid (numbers, padded) work-items.  Nothing may alias.
// Host side: RoundedHidden.java

#if !defined(PRECISION)
#error "begin_matrix.cl needs PRECISION (not 0)"
#endif
#include "precision.cl"

__kernel void begin_matrix(
    const int hidden, const int sequences, const int padded, const int numbers, __global const float* restrict h,
    __global Word* restrict even_h, __global Word* restrict odd_h) {
  const int k = get_global_id(0);
  const int j = get_global_id(1);
  if (k < numbers && j < padded) {
    const float value = k < hidden && j < sequences ? h[(size_t)j * hidden + k] : 0.0f;
    even_h[(size_t)j * numbers + k] = (Word)word_of(value, 0.0f);
    odd_h[(size_t)j * numbers + k] = 0;
  }
}
