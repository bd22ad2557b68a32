// parts.cl: the parts that share a launch; to be included. Part d is direction d of a layer or, STACKED, layer d of two
// stacked ones, of which the upper (1) is `lag` steps behind the lower. Of what each part has for itself, an argument
// ends in d. BOTH, STACKED: a launch may have both parts, from first_part on, along axis 2 of its grid; otherwise all
// such arguments are of the one that it has.
//   PART           which one a work-group is of
//   OF(name)       what part d has for itself
//   OF_LAYER(name) what layer d has for itself and the directions of one layer share
//   BEHIND         steps that part d is behind part 0
//   LAYER_ARGUMENTS  what a kernel of two layers takes besides

#if defined(BOTH) || defined(STACKED)
#define PART (first_part + get_group_id(2))
#define OF(name) (d ? name##1 : name##0)
#else
#define PART first_part
#define OF(name) name##0
#endif

#ifdef STACKED
#define OF_LAYER(name) OF(name)
#define BEHIND (d * lag)
#define LAYER_ARGUMENTS \
  , const int lag, __global float* restrict y1, __global float* restrict final_h1, __global float* restrict final_c1
#else
#define OF_LAYER(name) name##0
#define BEHIND 0
#define LAYER_ARGUMENTS
#endif
