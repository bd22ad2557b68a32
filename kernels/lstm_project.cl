// lstm_project.cl: the projection of one time step's hidden values to the width of h, both directions at once.
//   h[j][p] = sum over u of m[j][u] * w[u][p],  u ascending
// m [B][H] from lstm_step.cl;  w [H][P];  h [B][P];  the rest as in lstm_step.cl
// Grid (P, B, directions) work-items.  h must not alias m.
// Host side: LstmProject.java

__kernel void lstm_project(
    const int hidden, const int width, const int reversed, const int y_time, const int y_batch, const int y_direction,
    const int h_batch, const int h_direction, const int first_direction, const int step,
    __global const int2* restrict steps, __global const int* restrict order, __global const int* restrict lengths,
    __global const float* restrict m0, __global const float* restrict m1, __global const float* restrict w0,
    __global const float* restrict w1, __global float* restrict h0, __global float* restrict h1,
    __global float* restrict y, __global float* restrict final_h) {
  const int p = get_global_id(0);
  const int j = get_global_id(1);
  if (p >= width || j >= steps[step].y) {
    return;
  }
  const int d = first_direction + get_global_id(2);
  __global const float* m = d ? m1 : m0;
  __global const float* w = d ? w1 : w0;
  __global float* h = d ? h1 : h0;
  float sum = 0.0f;
  for (int u = 0; u < hidden; ++u) {
    sum = fma(m[j * hidden + u], w[u * width + p], sum);
  }
  const int sequence = order[j];
  const int length = lengths[sequence];
  const int time = reversed >> d & 1 ? length - 1 - step : step;
  h[j * width + p] = sum;
  y[d * y_direction + sequence * y_batch + time * y_time + p] = sum;
  if (step == length - 1) {
    final_h[d * h_direction + sequence * h_batch + p] = sum;
  }
}
