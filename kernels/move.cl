// move.cl: stages that move elements and compute nothing; an element is 32 bits of anything.
//   strided_copy  to[to_offset + i.to_strides] = from[from_offset + i.from_strides]  for i within extents
//                 axes [3][5]: extents, from_strides, to_strides
//   embedding     y[e][:] = table[ids[e]][:]; a negative id counts from the table's end
//   clear         y[e] = 0
//   select_step   y[b][:] = x at b*batch + (lengths[b] - back)*time, or 0 if there is no such step
// Grid: one work-item an element written, rounded up.  Nothing may alias.
// Host side: Move.java

__kernel void strided_copy(
    const int count, const int from_offset, const int to_offset, __global const int* restrict axes,
    __global const int* restrict from, __global int* restrict to) {
  const int e = get_global_id(0);
  if (e >= count) {
    return;
  }
  int rest = e;
  int source = from_offset;
  int target = to_offset;
  for (int axis = 4; axis >= 0; --axis) {
    const int outer = rest / axes[axis];
    const int i = rest - outer * axes[axis];
    rest = outer;
    source += i * axes[5 + axis];
    target += i * axes[10 + axis];
  }
  to[target] = from[source];
}

__kernel void embedding(
    const int count, const int width, const int words, __global const float* restrict table,
    __global const int* restrict ids, __global float* restrict y) {
  const int e = get_global_id(0);
  if (e < count) {
    const int word = e / width;
    const int id = ids[word];
    y[e] = table[(size_t)(id < 0 ? id + words : id) * width + e - word * width];
  }
}

__kernel void clear(const int count, __global float* restrict y) {
  const int e = get_global_id(0);
  if (e < count) {
    y[e] = 0.0f;
  }
}

__kernel void select_step(
    const int sequences, const int width, const int batch, const int time, const int back,
    __global const int* restrict lengths, __global const float* restrict x, __global float* restrict y) {
  const int e = get_global_id(0);
  if (e < sequences * width) {
    const int b = e / width;
    const int step = lengths[b] - back;
    y[e] = step < 0 ? 0.0f : x[b * batch + step * time + e - b * width];
  }
}
