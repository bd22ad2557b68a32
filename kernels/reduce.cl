// reduce.cl: sums over a work-group of L work-items, a power of two; to be included.
// ELEMENT: float or float4.  The partial sums are added in a tree: the same order in every batch.

inline ELEMENT group_sum(__local ELEMENT* partial, const ELEMENT own) {
  const int item = get_local_id(0);
  partial[item] = own;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int half_size = L / 2; half_size > 0; half_size /= 2) {
    if (item < half_size) {
      partial[item] += partial[item + half_size];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  const ELEMENT sum = partial[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return sum;
}
