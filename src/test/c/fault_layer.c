/* An OpenCL layer between the loader and the drivers: makes calls fail on demand, as a device does that runs out of
 * memory or vanishes, and counts what is created and released. The loader takes it from OPENCL_LAYERS; ci/with-faults
 * builds it.
 *
 * Told what to do, and telling what happened, through a file that it maps (LETHE_FAULTS, see struct control), or once
 * at the start through LETHE_FAULT="FUNCTION NTH CODE once|lost DEVICE". The functions that can fail are those that
 * Lethe calls and whose answer it must look at.
 *
 * Java's side: FaultLayer.java */
#define CL_TARGET_OPENCL_VERSION 300
#define _GNU_SOURCE
#include <CL/cl.h>
#include <CL/cl_layer.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST 65536
#define EXPORT __attribute__((visibility("default")))

enum kind { FREE, CONTEXT, QUEUE, BUFFER, PROGRAM, KERNEL, KINDS };

/* FaultLayer.java has the same offsets. */
struct control {
  cl_int countdown; /* the failure comes with this call of those that fit; 0: none */
  cl_int code;      /* what the call answers */
  cl_int lost;      /* 1: and so does every later one on that context */
  cl_int device;    /* concerns contexts on the nth device of those ever seen, 1 the first; 0: any */
  cl_int seen;      /* calls so far that could have failed */
  cl_int provoked;  /* calls that failed because of this layer */
  cl_int misused;   /* calls on what is not alive: released twice, or used after */
  cl_int live[KINDS];
  cl_int room;      /* KiB of buffers that a device holds; 0: as many as the driver lets it */
  cl_int lazily;    /* 1: not the making of a buffer fails then, but what is enqueued after it */
  cl_int unused;
  char function[32]; /* which calls fit; empty: all */
  char last[32];     /* the first one that failed */
  char source[64];   /* put in front of every kernel's source */
};

static struct control *control;
static const cl_icd_dispatch *next;
static cl_icd_dispatch ours;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
  void *handle;
  enum kind kind;
  int context;
  size_t bytes;
} objects[MOST];
static int used;

static struct {
  cl_device_id device;
  size_t bytes; /* of its live buffers */
  cl_int lost; /* what every call answers; CL_SUCCESS: nothing of the kind */
} contexts[MOST]; /* by number, from 1 on */
static int context_count;
static cl_device_id devices[64]; /* in the order in which contexts were first made on them */
static int device_count;

static int find(void *handle, enum kind kind) {
  for (int k = used - 1; k >= 0; k--) {
    if (objects[k].handle == handle && objects[k].kind == kind) return k;
  }
  return -1;
}

static void created(void *handle, enum kind kind, int context, size_t bytes) {
  if (handle == NULL) return;
  pthread_mutex_lock(&lock);
  int k = 0;
  while (k < used && objects[k].kind != FREE) k++;
  if (k == MOST) abort();
  if (k == used) used++;
  objects[k].handle = handle;
  objects[k].kind = kind;
  objects[k].context = context;
  objects[k].bytes = bytes;
  contexts[context].bytes += bytes;
  control->live[kind]++;
  pthread_mutex_unlock(&lock);
}

/* Whether it may be handed on. */
static int released(void *handle, enum kind kind) {
  pthread_mutex_lock(&lock);
  int k = find(handle, kind);
  if (k < 0) {
    control->misused++;
  } else {
    objects[k].kind = FREE;
    contexts[objects[k].context].bytes -= objects[k].bytes;
    control->live[kind]--;
  }
  pthread_mutex_unlock(&lock);
  return k >= 0;
}

/* The number of the context that an object belongs to; 0 if it is not alive. */
static int context_of(void *handle, enum kind kind) {
  pthread_mutex_lock(&lock);
  int k = find(handle, kind);
  if (k < 0) control->misused++;
  int context = k < 0 ? 0 : objects[k].context;
  pthread_mutex_unlock(&lock);
  return context;
}

static int device_number(cl_device_id device) {
  for (int k = 0; k < device_count; k++) {
    if (devices[k] == device) return k + 1;
  }
  if (device_count == 64) abort();
  devices[device_count++] = device;
  return device_count;
}

/* What a call on this context is to answer: CL_SUCCESS for "ask the driver". */
static cl_int fault(const char *function, int context) {
  pthread_mutex_lock(&lock);
  cl_int code = CL_SUCCESS;
  control->seen++;
  int fits = control->function[0] == 0 || strcmp(control->function, function) == 0;
  if (control->device != 0) fits = fits && device_number(contexts[context].device) == control->device;
  if (contexts[context].lost != CL_SUCCESS) {
    code = contexts[context].lost;
  } else if (fits && control->countdown > 0 && --control->countdown == 0) {
    code = control->code;
    if (control->lost) contexts[context].lost = code;
  }
  if (code != CL_SUCCESS && control->provoked++ == 0) {
    strncpy(control->last, function, sizeof control->last - 1);
  }
  pthread_mutex_unlock(&lock);
  return code;
}

/* Whether the device of this context has no room for so many bytes more. */
static int full(int context, size_t bytes) {
  pthread_mutex_lock(&lock);
  for (int k = 1; k <= context_count; k++) {
    if (contexts[k].device == contexts[context].device) bytes += contexts[k].bytes;
  }
  int over = control->room != 0 && bytes > (size_t)control->room << 10;
  if (over) control->provoked++;
  pthread_mutex_unlock(&lock);
  return over;
}

#define MAY_FAIL(context) \
  do { \
    cl_int fails = fault(__func__ + 5, context); \
    if (fails != CL_SUCCESS) return fails; \
  } while (0)

#define MAY_FAIL_TO_CREATE(context) \
  do { \
    cl_int fails = fault(__func__ + 5, context); \
    if (fails != CL_SUCCESS) { \
      if (code) *code = fails; \
      return NULL; \
    } \
  } while (0)

static cl_context CL_API_CALL layerclCreateContext(
    const cl_context_properties *properties, cl_uint count, const cl_device_id *ids,
    void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *user, cl_int *code) {
  pthread_mutex_lock(&lock);
  int number = ++context_count;
  if (number == MOST) abort();
  contexts[number].device = ids[0];
  device_number(ids[0]);
  pthread_mutex_unlock(&lock);
  MAY_FAIL_TO_CREATE(number);
  cl_context made = next->clCreateContext(properties, count, ids, notify, user, code);
  created(made, CONTEXT, number, 0);
  return made;
}

static cl_int CL_API_CALL layerclReleaseContext(cl_context context) {
  return released(context, CONTEXT) ? next->clReleaseContext(context) : CL_INVALID_CONTEXT;
}

static cl_command_queue CL_API_CALL layerclCreateCommandQueue(
    cl_context context, cl_device_id device, cl_command_queue_properties properties, cl_int *code) {
  int number = context_of(context, CONTEXT);
  MAY_FAIL_TO_CREATE(number);
  cl_command_queue made = next->clCreateCommandQueue(context, device, properties, code);
  created(made, QUEUE, number, 0);
  return made;
}

static cl_int CL_API_CALL layerclReleaseCommandQueue(cl_command_queue queue) {
  return released(queue, QUEUE) ? next->clReleaseCommandQueue(queue) : CL_INVALID_COMMAND_QUEUE;
}

static cl_mem CL_API_CALL layerclCreateBuffer(
    cl_context context, cl_mem_flags flags, size_t bytes, void *host, cl_int *code) {
  int number = context_of(context, CONTEXT);
  MAY_FAIL_TO_CREATE(number);
  if (!control->lazily && full(number, bytes)) {
    if (code) *code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
    return NULL;
  }
  cl_mem made = next->clCreateBuffer(context, flags, bytes, host, code);
  created(made, BUFFER, number, bytes);
  return made;
}

static cl_int CL_API_CALL layerclReleaseMemObject(cl_mem buffer) {
  return released(buffer, BUFFER) ? next->clReleaseMemObject(buffer) : CL_INVALID_MEM_OBJECT;
}

static cl_program CL_API_CALL layerclCreateProgramWithSource(
    cl_context context, cl_uint count, const char **texts, const size_t *lengths, cl_int *code) {
  int number = context_of(context, CONTEXT);
  MAY_FAIL_TO_CREATE(number);
  cl_program made;
  if (control->source[0] != 0 && count == 1) {
    const char *both[] = {control->source, texts[0]};
    size_t each[] = {strlen(control->source), lengths && lengths[0] ? lengths[0] : strlen(texts[0])};
    made = next->clCreateProgramWithSource(context, 2, both, each, code);
  } else {
    made = next->clCreateProgramWithSource(context, count, texts, lengths, code);
  }
  created(made, PROGRAM, number, 0);
  return made;
}

static cl_program CL_API_CALL layerclCreateProgramWithBinary(
    cl_context context, cl_uint count, const cl_device_id *ids, const size_t *lengths,
    const unsigned char **binaries, cl_int *states, cl_int *code) {
  int number = context_of(context, CONTEXT);
  MAY_FAIL_TO_CREATE(number);
  cl_program made = next->clCreateProgramWithBinary(context, count, ids, lengths, binaries, states, code);
  created(made, PROGRAM, number, 0);
  return made;
}

static cl_int CL_API_CALL layerclBuildProgram(
    cl_program program, cl_uint count, const cl_device_id *ids, const char *options,
    void(CL_CALLBACK *notify)(cl_program, void *), void *user) {
  MAY_FAIL(context_of(program, PROGRAM));
  return next->clBuildProgram(program, count, ids, options, notify, user);
}

static cl_int CL_API_CALL layerclReleaseProgram(cl_program program) {
  return released(program, PROGRAM) ? next->clReleaseProgram(program) : CL_INVALID_PROGRAM;
}

static cl_kernel CL_API_CALL layerclCreateKernel(cl_program program, const char *name, cl_int *code) {
  int number = context_of(program, PROGRAM);
  MAY_FAIL_TO_CREATE(number);
  cl_kernel made = next->clCreateKernel(program, name, code);
  created(made, KERNEL, number, 0);
  return made;
}

static cl_int CL_API_CALL layerclReleaseKernel(cl_kernel kernel) {
  return released(kernel, KERNEL) ? next->clReleaseKernel(kernel) : CL_INVALID_KERNEL;
}

static cl_int CL_API_CALL layerclSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value) {
  MAY_FAIL(context_of(kernel, KERNEL));
  return next->clSetKernelArg(kernel, index, size, value);
}

static cl_int CL_API_CALL layerclEnqueueNDRangeKernel(
    cl_command_queue queue, cl_kernel kernel, cl_uint axes, const size_t *offset, const size_t *global,
    const size_t *local, cl_uint waits, const cl_event *list, cl_event *event) {
  context_of(kernel, KERNEL);
  int number = context_of(queue, QUEUE);
  MAY_FAIL(number);
  if (control->lazily && full(number, 0)) return CL_MEM_OBJECT_ALLOCATION_FAILURE;
  return next->clEnqueueNDRangeKernel(queue, kernel, axes, offset, global, local, waits, list, event);
}

static cl_int CL_API_CALL layerclEnqueueWriteBuffer(
    cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t bytes, const void *from,
    cl_uint waits, const cl_event *list, cl_event *event) {
  context_of(buffer, BUFFER);
  int number = context_of(queue, QUEUE);
  MAY_FAIL(number);
  if (control->lazily && full(number, 0)) return CL_MEM_OBJECT_ALLOCATION_FAILURE;
  return next->clEnqueueWriteBuffer(queue, buffer, blocking, offset, bytes, from, waits, list, event);
}

static cl_int CL_API_CALL layerclEnqueueReadBuffer(
    cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t bytes, void *to,
    cl_uint waits, const cl_event *list, cl_event *event) {
  context_of(buffer, BUFFER);
  MAY_FAIL(context_of(queue, QUEUE));
  return next->clEnqueueReadBuffer(queue, buffer, blocking, offset, bytes, to, waits, list, event);
}

static cl_int CL_API_CALL layerclEnqueueCopyBuffer(
    cl_command_queue queue, cl_mem from, cl_mem to, size_t from_offset, size_t to_offset, size_t bytes,
    cl_uint waits, const cl_event *list, cl_event *event) {
  context_of(from, BUFFER);
  context_of(to, BUFFER);
  MAY_FAIL(context_of(queue, QUEUE));
  return next->clEnqueueCopyBuffer(queue, from, to, from_offset, to_offset, bytes, waits, list, event);
}

static cl_int CL_API_CALL layerclEnqueueFillBuffer(
    cl_command_queue queue, cl_mem buffer, const void *pattern, size_t pattern_bytes, size_t offset, size_t bytes,
    cl_uint waits, const cl_event *list, cl_event *event) {
  context_of(buffer, BUFFER);
  int number = context_of(queue, QUEUE);
  MAY_FAIL(number);
  if (control->lazily && full(number, 0)) return CL_MEM_OBJECT_ALLOCATION_FAILURE;
  return next->clEnqueueFillBuffer(queue, buffer, pattern, pattern_bytes, offset, bytes, waits, list, event);
}

/* What was enqueued before may still run, as on a device that is lost: it is waited for first. */
static cl_int CL_API_CALL layerclFinish(cl_command_queue queue) {
  int number = context_of(queue, QUEUE);
  cl_int code = next->clFinish(queue);
  MAY_FAIL(number);
  return code;
}

static void fail(const char *what) {
  perror(what);
  abort();
}

/* Maps the file that both sides see, or memory that only this one does. */
static void map_control(void) {
  const char *path = getenv("LETHE_FAULTS");
  int file = -1;
  if (path) {
    file = open(path, O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, sizeof *control) != 0) fail(path);
  }
  int flags = path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
  control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, flags, file, 0);
  if (control == MAP_FAILED) fail("fault layer");
  const char *order = getenv("LETHE_FAULT");
  if (order) {
    char mode[8] = "";
    if (sscanf(order, "%31s %d %d %7s %d", control->function, &control->countdown, &control->code, mode,
               &control->device) != 5) {
      fprintf(stderr, "LETHE_FAULT=%s: not FUNCTION NTH CODE once|lost DEVICE\n", order);
      abort();
    }
    control->lost = strcmp(mode, "lost") == 0;
  }
}

EXPORT cl_int CL_API_CALL clGetLayerInfo(cl_layer_info name, size_t size, void *value, size_t *size_ret) {
  cl_layer_api_version version = CL_LAYER_API_VERSION_100;
  const char title[] = "Lethe's faults";
  const void *answer = name == CL_LAYER_API_VERSION ? (const void *)&version : title;
  size_t bytes = name == CL_LAYER_API_VERSION ? sizeof version : sizeof title;
  if (name != CL_LAYER_API_VERSION && name != CL_LAYER_NAME) return CL_INVALID_VALUE;
  if (value && size < bytes) return CL_INVALID_VALUE;
  if (value) memcpy(value, answer, bytes);
  if (size_ret) *size_ret = bytes;
  return CL_SUCCESS;
}

EXPORT cl_int CL_API_CALL clInitLayer(
    cl_uint entries, const cl_icd_dispatch *target, cl_uint *entries_ret, const cl_icd_dispatch **layer) {
  if (entries * sizeof(void *) < sizeof ours || !target || !entries_ret || !layer) return CL_INVALID_VALUE;
  next = target;
  map_control();
#define OURS(function) ours.function = layer##function
  OURS(clCreateContext);
  OURS(clReleaseContext);
  OURS(clCreateCommandQueue);
  OURS(clReleaseCommandQueue);
  OURS(clCreateBuffer);
  OURS(clReleaseMemObject);
  OURS(clCreateProgramWithSource);
  OURS(clCreateProgramWithBinary);
  OURS(clBuildProgram);
  OURS(clReleaseProgram);
  OURS(clCreateKernel);
  OURS(clReleaseKernel);
  OURS(clSetKernelArg);
  OURS(clEnqueueNDRangeKernel);
  OURS(clEnqueueWriteBuffer);
  OURS(clEnqueueReadBuffer);
  OURS(clEnqueueCopyBuffer);
  OURS(clEnqueueFillBuffer);
  OURS(clFinish);
  *entries_ret = sizeof ours / sizeof(void *);
  *layer = &ours;
  return CL_SUCCESS;
}
