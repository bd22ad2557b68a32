// begin_matrix.cl: h in the words that lstm_matrix.cl and lstm_matrix_step.cl read, before the first step.
//   first_h = rounded h, 0 from `hidden` and from `sequences` on
//   without HISTORY: other_h = 0;  with it: first_h is slot 0 of several, and the others that the grid has are UNWRITTEN
// h [B][H];  first_h, other_h [padded][words] words, as numbers: numbers = words*VALUES
// Grid (numbers, padded, slots) work-items.  Nothing may alias.
// Host side: RoundedHidden.java

#if !defined(PRECISION)
#error "begin_matrix.cl needs PRECISION (not 0)"
#endif
#include "precision.cl"

__kernel void begin_matrix(
    const int hidden, const int sequences, const int padded, const int numbers, __global const float* restrict h,
    __global Word* restrict first_h
#ifndef HISTORY
    , __global Word* restrict other_h
#endif
    ) {
  const int k = get_global_id(0);
  const int j = get_global_id(1);
  if (k >= numbers || j >= padded) {
    return;
  }
  const size_t place = (size_t)j * numbers + k;
#ifdef HISTORY
  const size_t slot = get_global_id(2);
  if (slot > 0) {
    first_h[slot * padded * numbers + place] = (Word)-1;  // UNWRITTEN
    return;
  }
#else
  other_h[place] = 0;
#endif
  const float value = k < hidden && j < sequences ? h[(size_t)j * hidden + k] : 0.0f;
  first_h[place] = (Word)word_of(value == value ? value : NAN, 0.0f);  // no NaN is UNWRITTEN
}
