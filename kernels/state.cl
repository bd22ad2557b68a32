// state.cl: rows of a table of live states, by the ids of their sequences.
//   state_gather   values[k][u] = table[ids[k]][u]
//   state_scatter  table[ids[k]][u] = values[k][u]
//   state_clear    table[ids[k]][u] = 0
// ids [count], no two alike.  table [capacity][width].  values [count][width].
// Grid (width, count) work-items, rounded up.  Nothing may alias.
// Host side: OpenClStates.java

__kernel void state_gather(
    const int width, const int count, __global const int* restrict ids, __global const float* restrict table,
    __global float* restrict values) {
  const int u = get_global_id(0);
  const int k = get_global_id(1);
  if (u < width && k < count) {
    values[(size_t)k * width + u] = table[(size_t)ids[k] * width + u];
  }
}

__kernel void state_scatter(
    const int width, const int count, __global const int* restrict ids, __global float* restrict table,
    __global const float* restrict values) {
  const int u = get_global_id(0);
  const int k = get_global_id(1);
  if (u < width && k < count) {
    table[(size_t)ids[k] * width + u] = values[(size_t)k * width + u];
  }
}

__kernel void state_clear(
    const int width, const int count, __global const int* restrict ids, __global float* restrict table) {
  const int u = get_global_id(0);
  const int k = get_global_id(1);
  if (u < width && k < count) {
    table[(size_t)ids[k] * width + u] = 0.0f;
  }
}
