// lstm_project.cl: the projection of one time step's hidden values to the width of h.
//   h[j][p] = sum over u of m[j][u] * w[u][p],  u ascending
// m [B][H] from lstm_step.cl;  w [H][P];  h [B][P];  steps, order, lengths, y, final_h as in lstm_step.cl
// Grid (P, B) work-items.  h must not alias m.
// Host side: LstmProject.java

__kernel void lstm_project(
    const int hidden, const int width, const int reverse, const int y_time, const int y_batch, const int y_offset,
    const int h_batch, const int h_offset, const int step, __global const int2* restrict steps,
    __global const int* restrict order, __global const int* restrict lengths, __global const float* restrict m,
    __global const float* restrict w, __global float* restrict h, __global float* restrict y,
    __global float* restrict final_h) {
  const int p = get_global_id(0);
  const int j = get_global_id(1);
  if (p >= width || j >= steps[step].y) {
    return;
  }
  float sum = 0.0f;
  for (int u = 0; u < hidden; ++u) {
    sum = fma(m[j * hidden + u], w[u * width + p], sum);
  }
  const int sequence = order[j];
  const int length = lengths[sequence];
  const int time = reverse ? length - 1 - step : step;
  h[j * width + p] = sum;
  y[y_offset + sequence * y_batch + time * y_time + p] = sum;
  if (step == length - 1) {
    final_h[h_offset + sequence * h_batch + p] = sum;
  }
}
