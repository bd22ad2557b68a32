// An OpenCL implementation with one device, which has an NVIDIA H200's figures and instructions: it compiles kernels to
// PTX with clang (ci/to-ptx) and executes that (machine.h). So Lethe takes the kernels and tiles that it would take on
// such a device, and every instruction of them is carried out. Nothing can be learned here about time.
//
// It has the functions of OpenCL 1.2 that Lethe calls. Commands are carried out when they are enqueued. What a kernel
// does wrong goes to stderr, with "ptx device:" in front, and the call answers CL_OUT_OF_RESOURCES, as NVIDIA's does.
//   PTX_COMPILER       the command, which gets a source, the PTX to write and the options
//   PTX_COMPUTE_UNITS  how many groups run at once (132)
//   PTX_SEED           of the order in which groups run (1)
//   PTX_COUNTS         a file that gets a line for each launch: what its warps did (Counts in machine.h)
#include <CL/cl_icd.h>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>

#include "machine.h"

namespace {

extern const cl_icd_dispatch DISPATCH;

int setting(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text ? std::atoi(text) : otherwise;
}

}  // namespace

struct _cl_platform_id {
  const cl_icd_dispatch* dispatch;
};
struct _cl_device_id {
  const cl_icd_dispatch* dispatch;
};
struct _cl_context {
  const cl_icd_dispatch* dispatch;
};
struct _cl_command_queue {
  const cl_icd_dispatch* dispatch;
};
struct _cl_mem {
  const cl_icd_dispatch* dispatch;
  uint8_t* bytes;
  size_t size;
  bool owns;
};
struct _cl_program {
  const cl_icd_dispatch* dispatch;
  int references;  // its own and its kernels'
  std::string source;
  std::string log;
  std::unique_ptr<ptx::Program> built;
};
struct _cl_kernel {
  const cl_icd_dispatch* dispatch;
  cl_program program;
  const ptx::Kernel* code;
  std::vector<ptx::Argument> arguments;
  std::vector<bool> given;
};

namespace {

_cl_platform_id PLATFORM{&DISPATCH};
_cl_device_id DEVICE{&DISPATCH};
std::mutex lock;  // one launch at a time
uint64_t launches = 0;

cl_int answer(const void* from, size_t bytes, size_t room, void* to, size_t* size) {
  if (size) *size = bytes;
  if (!to) return CL_SUCCESS;
  if (room < bytes) return CL_INVALID_VALUE;
  std::memcpy(to, from, bytes);
  return CL_SUCCESS;
}

cl_int answer(const std::string& text, size_t room, void* to, size_t* size) {
  return answer(text.c_str(), text.size() + 1, room, to, size);
}

template <class T>
cl_int answer_number(T value, size_t room, void* to, size_t* size) {
  return answer(&value, sizeof value, room, to, size);
}

template <class T>
T* failed(cl_int code, cl_int* to) {
  if (to) *to = code;
  return nullptr;
}

template <class T>
T* made(T* object, cl_int* code) {
  object->dispatch = &DISPATCH;
  if (code) *code = CL_SUCCESS;
  return object;
}

cl_int CL_API_CALL get_platforms(cl_uint room, cl_platform_id* to, cl_uint* count) {
  if (count) *count = 1;
  if (to && room > 0) to[0] = &PLATFORM;
  return CL_SUCCESS;
}

cl_int CL_API_CALL platform_info(cl_platform_id, cl_platform_info what, size_t room, void* to, size_t* size) {
  switch (what) {
    case CL_PLATFORM_NAME: return answer("PTX emulator", room, to, size);
    case CL_PLATFORM_VENDOR: return answer("Lethe", room, to, size);
    case CL_PLATFORM_VERSION: return answer("OpenCL 1.2", room, to, size);
    case CL_PLATFORM_PROFILE: return answer("FULL_PROFILE", room, to, size);
    case CL_PLATFORM_EXTENSIONS: return answer("cl_khr_icd", room, to, size);
    case CL_PLATFORM_ICD_SUFFIX_KHR: return answer("PTX", room, to, size);
    default: return CL_INVALID_VALUE;
  }
}

cl_int CL_API_CALL get_devices(cl_platform_id, cl_device_type type, cl_uint room, cl_device_id* to, cl_uint* count) {
  if (!(type & (CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_DEFAULT))) return CL_DEVICE_NOT_FOUND;
  if (count) *count = 1;
  if (to && room > 0) to[0] = &DEVICE;
  return CL_SUCCESS;
}

cl_int CL_API_CALL device_info(cl_device_id, cl_device_info what, size_t room, void* to, size_t* size) {
  switch (what) {
    case CL_DEVICE_TYPE: return answer_number<cl_device_type>(CL_DEVICE_TYPE_GPU, room, to, size);
    case CL_DEVICE_NAME: return answer("emulated NVIDIA H200", room, to, size);
    case CL_DEVICE_VENDOR: return answer("NVIDIA Corporation", room, to, size);
    case CL_DEVICE_VERSION: return answer("OpenCL 1.2", room, to, size);
    case CL_DRIVER_VERSION: return answer("1", room, to, size);
    case CL_DEVICE_PROFILE: return answer("FULL_PROFILE", room, to, size);
    case CL_DEVICE_EXTENSIONS: return answer("", room, to, size);
    case CL_DEVICE_PLATFORM: return answer_number<cl_platform_id>(&PLATFORM, room, to, size);
    case CL_DEVICE_MAX_COMPUTE_UNITS: return answer_number<cl_uint>(setting("PTX_COMPUTE_UNITS", 132), room, to, size);
    case CL_DEVICE_MAX_WORK_GROUP_SIZE: return answer_number<size_t>(1024, room, to, size);
    case CL_DEVICE_LOCAL_MEM_SIZE: return answer_number<cl_ulong>(48 << 10, room, to, size);
    case CL_DEVICE_GLOBAL_MEM_SIZE: return answer_number<cl_ulong>(cl_ulong{8} << 30, room, to, size);
    case CL_DEVICE_MAX_MEM_ALLOC_SIZE: return answer_number<cl_ulong>(cl_ulong{2} << 30, room, to, size);
    case CL_DEVICE_MEM_BASE_ADDR_ALIGN: return answer_number<cl_uint>(4096, room, to, size);
    case CL_DEVICE_AVAILABLE:
    case CL_DEVICE_COMPILER_AVAILABLE:
    case CL_DEVICE_ENDIAN_LITTLE: return answer_number<cl_bool>(CL_TRUE, room, to, size);
    case 0x4000: return answer_number<cl_uint>(9, room, to, size);      // CL_DEVICE_COMPUTE_CAPABILITY_MAJOR_NV
    case 0x4001: return answer_number<cl_uint>(0, room, to, size);      // .._MINOR_NV
    case 0x4002: return answer_number<cl_uint>(65536, room, to, size);  // CL_DEVICE_REGISTERS_PER_BLOCK_NV
    default: return CL_INVALID_VALUE;
  }
}

cl_context CL_API_CALL create_context(
    const cl_context_properties*, cl_uint, const cl_device_id*,
    void(CL_CALLBACK*)(const char*, const void*, size_t, void*), void*, cl_int* code) {
  return made(new _cl_context, code);
}

cl_int CL_API_CALL release_context(cl_context context) {
  delete context;
  return CL_SUCCESS;
}

cl_command_queue CL_API_CALL create_queue(cl_context, cl_device_id, cl_command_queue_properties, cl_int* code) {
  return made(new _cl_command_queue, code);
}

cl_int CL_API_CALL release_queue(cl_command_queue queue) {
  delete queue;
  return CL_SUCCESS;
}

cl_int CL_API_CALL finish(cl_command_queue) { return CL_SUCCESS; }

cl_mem CL_API_CALL create_buffer(cl_context, cl_mem_flags flags, size_t size, void*, cl_int* code) {
  if (flags != CL_MEM_READ_WRITE || size == 0) return failed<_cl_mem>(CL_INVALID_VALUE, code);
  void* bytes = nullptr;
  if (posix_memalign(&bytes, 4096, size) != 0) return failed<_cl_mem>(CL_MEM_OBJECT_ALLOCATION_FAILURE, code);
  std::memset(bytes, 0xff, size);
  return made(new _cl_mem{&DISPATCH, (uint8_t*)bytes, size, true}, code);
}

cl_mem CL_API_CALL create_sub_buffer(
    cl_mem of, cl_mem_flags, cl_buffer_create_type, const void* region, cl_int* code) {
  const auto* part = (const cl_buffer_region*)region;
  if (part->origin + part->size > of->size) return failed<_cl_mem>(CL_INVALID_VALUE, code);
  return made(new _cl_mem{&DISPATCH, of->bytes + part->origin, part->size, false}, code);
}

cl_int CL_API_CALL release_memory(cl_mem memory) {
  if (memory->owns) std::free(memory->bytes);
  delete memory;
  return CL_SUCCESS;
}

bool within(cl_mem memory, size_t from, size_t bytes) { return from <= memory->size && bytes <= memory->size - from; }

cl_int CL_API_CALL read_buffer(
    cl_command_queue, cl_mem from, cl_bool, size_t offset, size_t bytes, void* to, cl_uint, const cl_event*,
    cl_event*) {
  if (!within(from, offset, bytes)) return CL_INVALID_VALUE;
  std::memcpy(to, from->bytes + offset, bytes);
  return CL_SUCCESS;
}

cl_int CL_API_CALL write_buffer(
    cl_command_queue, cl_mem to, cl_bool, size_t offset, size_t bytes, const void* from, cl_uint, const cl_event*,
    cl_event*) {
  if (!within(to, offset, bytes)) return CL_INVALID_VALUE;
  std::memcpy(to->bytes + offset, from, bytes);
  return CL_SUCCESS;
}

cl_int CL_API_CALL copy_buffer(
    cl_command_queue, cl_mem from, cl_mem to, size_t from_offset, size_t to_offset, size_t bytes, cl_uint,
    const cl_event*, cl_event*) {
  if (!within(from, from_offset, bytes) || !within(to, to_offset, bytes)) return CL_INVALID_VALUE;
  std::memmove(to->bytes + to_offset, from->bytes + from_offset, bytes);
  return CL_SUCCESS;
}

cl_int CL_API_CALL fill_buffer(
    cl_command_queue, cl_mem to, const void* pattern, size_t length, size_t offset, size_t bytes, cl_uint,
    const cl_event*, cl_event*) {
  if (!within(to, offset, bytes) || bytes % length != 0) return CL_INVALID_VALUE;
  for (size_t k = 0; k < bytes; k += length) std::memcpy(to->bytes + offset + k, pattern, length);
  return CL_SUCCESS;
}

cl_program CL_API_CALL create_program(
    cl_context, cl_uint count, const char** texts, const size_t* lengths, cl_int* code) {
  auto* program = new _cl_program{&DISPATCH, 1, "", "", nullptr};
  for (cl_uint k = 0; k < count; k++) {
    program->source += lengths && lengths[k] ? std::string(texts[k], lengths[k]) : std::string(texts[k]);
  }
  return made(program, code);
}

// a binary is PTX, as it is with NVIDIA's
cl_program CL_API_CALL create_program_of_binary(
    cl_context, cl_uint, const cl_device_id*, const size_t* lengths, const unsigned char** binaries, cl_int* status,
    cl_int* code) {
  try {
    auto built = ptx::parse(std::string((const char*)binaries[0], lengths[0]));
    if (status) *status = CL_SUCCESS;
    return made(new _cl_program{&DISPATCH, 1, "", "", std::move(built)}, code);
  } catch (const ptx::Error&) {
    return failed<_cl_program>(CL_INVALID_BINARY, code);
  }
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

cl_int CL_API_CALL build_program(
    cl_program program, cl_uint, const cl_device_id*, const char* options, void(CL_CALLBACK*)(cl_program, void*),
    void*) {
  if (program->built) return CL_SUCCESS;
  const char* compiler = std::getenv("PTX_COMPILER");
  char folder[] = "/tmp/ptx-device-XXXXXX";
  if (!compiler || !mkdtemp(folder)) {
    program->log = "error: there is no PTX_COMPILER, or no room in /tmp";
    return CL_BUILD_PROGRAM_FAILURE;
  }
  const std::string base = std::string(folder) + "/kernel";
  std::ofstream(base + ".cl") << program->source;
  const std::string command = std::string(compiler) + " " + base + ".cl " + base + ".ptx " + (options ? options : "") +
                              " >" + base + ".log 2>&1";
  const bool compiled = std::system(command.c_str()) == 0;
  program->log = text_of(base + ".log");
  cl_int code = CL_BUILD_PROGRAM_FAILURE;
  if (compiled) {
    try {
      program->built = ptx::parse(text_of(base + ".ptx"));
      code = CL_SUCCESS;
    } catch (const ptx::Error& error) {
      program->log += std::string("error: ") + error.what();
      std::fprintf(stderr, "ptx device: %s (options %s)\n", error.what(), options);
    }
  }
  for (const char* end : {".cl", ".ptx", ".log"}) unlink((base + end).c_str());
  rmdir(folder);
  return code;
}

cl_int CL_API_CALL program_info(cl_program program, cl_program_info what, size_t room, void* to, size_t* size) {
  if (!program->built) return CL_INVALID_PROGRAM_EXECUTABLE;
  const std::string& text = program->built->text;
  switch (what) {
    case CL_PROGRAM_BINARY_SIZES: return answer_number<size_t>(text.size(), room, to, size);
    case CL_PROGRAM_BINARIES:
      if (size) *size = sizeof(unsigned char*);
      if (to) std::memcpy(((unsigned char**)to)[0], text.data(), text.size());
      return CL_SUCCESS;
    default: return CL_INVALID_VALUE;
  }
}

cl_int CL_API_CALL build_info(
    cl_program program, cl_device_id, cl_program_build_info what, size_t room, void* to, size_t* size) {
  return what == CL_PROGRAM_BUILD_LOG ? answer(program->log, room, to, size) : CL_INVALID_VALUE;
}

cl_int CL_API_CALL release_program(cl_program program) {
  if (--program->references == 0) delete program;
  return CL_SUCCESS;
}

cl_kernel CL_API_CALL create_kernel(cl_program program, const char* name, cl_int* code) {
  if (!program->built) return failed<_cl_kernel>(CL_INVALID_PROGRAM_EXECUTABLE, code);
  for (const auto& kernel : program->built->kernels) {
    if (kernel->name == name) {
      program->references++;
      const size_t count = kernel->parameters.size();
      return made(
          new _cl_kernel{&DISPATCH, program, kernel.get(), std::vector<ptx::Argument>(count), std::vector<bool>(count)},
          code);
    }
  }
  return failed<_cl_kernel>(CL_INVALID_KERNEL_NAME, code);
}

cl_int CL_API_CALL release_kernel(cl_kernel kernel) {
  release_program(kernel->program);
  delete kernel;
  return CL_SUCCESS;
}

cl_int CL_API_CALL set_argument(cl_kernel kernel, cl_uint index, size_t size, const void* value) {
  if (index >= kernel->arguments.size()) return CL_INVALID_ARG_INDEX;
  const ptx::Parameter& parameter = kernel->code->parameters[index];
  ptx::Argument& argument = kernel->arguments[index];
  switch (parameter.space) {
    case ptx::Space::PARAM:
      if (size != (size_t)parameter.bytes || !value) return CL_INVALID_ARG_SIZE;
      argument.value.assign((const uint8_t*)value, (const uint8_t*)value + size);
      break;
    case ptx::Space::SHARED:
      if (value || size == 0) return CL_INVALID_ARG_VALUE;
      argument.bytes = size;
      break;
    default: {
      if (size != sizeof(cl_mem) || !value) return CL_INVALID_ARG_SIZE;
      const cl_mem memory = *(const cl_mem*)value;
      argument.memory = memory ? memory->bytes : nullptr;
      argument.bytes = memory ? memory->size : 0;
    }
  }
  kernel->given[index] = true;
  return CL_SUCCESS;
}

void write(const char* file, const ptx::Launch& launch) {
  const ptx::Counts& c = *launch.counts;
  std::ofstream line(file, std::ios::app);
  line << launch.kernel->name << " groups " << launch.groups[0] << 'x' << launch.groups[1] << 'x' << launch.groups[2]
       << " items " << launch.items[0] << 'x' << launch.items[1] << " instructions " << c.instructions
       << " multiply_adds " << c.multiply_adds << " products " << c.products << " barriers " << c.barriers
       << " global_reads " << c.global_reads << " read_bytes " << 32 * c.global_read_parts << " global_writes "
       << c.global_writes << " written_bytes " << 32 * c.global_write_parts << " local_uses " << c.local_uses
       << " local_turns " << c.local_turns << '\n';
}

cl_int CL_API_CALL enqueue(
    cl_command_queue, cl_kernel kernel, cl_uint axes, const size_t* offset, const size_t* global, const size_t* local,
    cl_uint, const cl_event*, cl_event*) {
  std::lock_guard<std::mutex> alone(lock);
  if (offset || !local) return CL_INVALID_VALUE;
  const int units = setting("PTX_COMPUTE_UNITS", 132);
  ptx::Launch launch{kernel->code, kernel->arguments, {1, 1, 1}, {1, 1, 1}, units, 0, nullptr};
  ptx::Counts counts;
  const char* to = std::getenv("PTX_COUNTS");
  if (to) launch.counts = &counts;
  launch.seed = (uint64_t)setting("PTX_SEED", 1) << 32 ^ launches++;
  size_t items = 1;
  for (cl_uint k = 0; k < axes; k++) {
    if (local[k] == 0 || global[k] == 0 || global[k] % local[k] != 0) return CL_INVALID_WORK_GROUP_SIZE;
    launch.items[k] = (uint32_t)local[k];
    launch.groups[k] = (uint32_t)(global[k] / local[k]);
    items *= local[k];
    const int wanted = kernel->code->items[k];
    if (wanted != 0 && wanted != (int)local[k]) return CL_INVALID_WORK_GROUP_SIZE;
  }
  if (items > 1024) return CL_INVALID_WORK_GROUP_SIZE;
  size_t shared = (size_t)kernel->code->shared_bytes;
  for (size_t k = 0; k < kernel->given.size(); k++) {
    if (!kernel->given[k]) return CL_INVALID_KERNEL_ARGS;
    if (kernel->code->parameters[k].space == ptx::Space::SHARED) shared += kernel->arguments[k].bytes;
  }
  if (shared > 48 << 10) return CL_OUT_OF_RESOURCES;
  try {
    ptx::run(launch);
    if (to) write(to, launch);
    return CL_SUCCESS;
  } catch (const ptx::Error& error) {
    std::fprintf(stderr, "ptx device: %s\n", error.what());
    return CL_OUT_OF_RESOURCES;
  }
}

cl_icd_dispatch functions() {
  cl_icd_dispatch all;
  std::memset((void*)&all, 0, sizeof all);
  all.clGetPlatformIDs = get_platforms;
  all.clGetPlatformInfo = platform_info;
  all.clGetDeviceIDs = get_devices;
  all.clGetDeviceInfo = device_info;
  all.clCreateContext = create_context;
  all.clReleaseContext = release_context;
  all.clCreateCommandQueue = create_queue;
  all.clReleaseCommandQueue = release_queue;
  all.clFinish = finish;
  all.clCreateBuffer = create_buffer;
  all.clCreateSubBuffer = create_sub_buffer;
  all.clReleaseMemObject = release_memory;
  all.clEnqueueReadBuffer = read_buffer;
  all.clEnqueueWriteBuffer = write_buffer;
  all.clEnqueueCopyBuffer = copy_buffer;
  all.clEnqueueFillBuffer = fill_buffer;
  all.clCreateProgramWithSource = create_program;
  all.clCreateProgramWithBinary = create_program_of_binary;
  all.clBuildProgram = build_program;
  all.clGetProgramInfo = program_info;
  all.clGetProgramBuildInfo = build_info;
  all.clReleaseProgram = release_program;
  all.clCreateKernel = create_kernel;
  all.clReleaseKernel = release_kernel;
  all.clSetKernelArg = set_argument;
  all.clEnqueueNDRangeKernel = enqueue;
  return all;
}

const cl_icd_dispatch DISPATCH = functions();

}  // namespace

// what a loader asks for
extern "C" {
__attribute__((visibility("default"))) cl_int CL_API_CALL
clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id* to, cl_uint* count) {
  return get_platforms(room, to, count);
}

__attribute__((visibility("default"))) cl_int CL_API_CALL
clGetPlatformInfo(cl_platform_id platform, cl_platform_info what, size_t room, void* to, size_t* size) {
  return platform_info(platform, what, room, to, size);
}

__attribute__((visibility("default"))) void* CL_API_CALL clGetExtensionFunctionAddress(const char* name) {
  const bool icd = std::strcmp(name, "clIcdGetPlatformIDsKHR") == 0;
  return icd ? (void*)&clIcdGetPlatformIDsKHR : nullptr;
}
}
