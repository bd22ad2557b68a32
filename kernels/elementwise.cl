// elementwise.cl: stages that treat each element alone.
//   activation  y[e] = function(x[e])          binary  y[e] = a[e] OPERATOR b[e]
// All arrays [count].  Grid: count work-items, rounded up.  y may alias the inputs.
// Host side: Elementwise.java

#if !defined(FUNCTION) && !defined(OPERATOR)
#error "elementwise.cl needs FUNCTION (kind, alpha, beta) or OPERATOR (+, - or *)"
#endif

#ifdef FUNCTION
__kernel void activation(const int count, __global const float* x, __global float* y) {
  const int e = get_global_id(0);
  if (e < count) {
    y[e] = APPLY(FUNCTION, x[e]);
  }
}
#else
__kernel void binary(const int count, __global const float* a, __global const float* b, __global float* y) {
  const int e = get_global_id(0);
  if (e < count) {
    y[e] = a[e] OPERATOR b[e];
  }
}
#endif
