// lstm_begin.cl: puts a layer's initial states into the order in which the steps run, longest sequence first.
//   state[j][u] = initial[order[j]][u], or 0;  final = state, which stays so for a sequence of no steps
// order [B]: the sequence at place j.  state [B][width].  initial, final: sequence b begins at offset + b*stride.
// Where the grid has further slots, state is the first of them, and the others become UNWRITTEN (exchange.cl).
// Grid (width, B, slots) work-items.  final may not alias initial.
// Host side: LstmDirection.java

__kernel void lstm_begin(
    const int width, const int sequences, const int offset, const int stride, const int given,
    __global const int* restrict order, __global const float* restrict initial, __global float* restrict state,
    __global float* restrict final) {
  const int u = get_global_id(0);
  const int j = get_global_id(1);
  const size_t slot = get_global_id(2);
  if (u >= width || j >= sequences) {
    return;
  }
  if (slot > 0) {
    ((__global int*)state)[(slot * sequences + j) * width + u] = -1;
    return;
  }
  const int place = offset + order[j] * stride + u;
  const float value = given ? initial[place] : 0.0f;
  state[j * width + u] = value == value ? value : NAN;  // no NaN is UNWRITTEN
  final[place] = value;
}
