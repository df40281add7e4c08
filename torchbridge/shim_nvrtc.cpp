#include "library.h"
#include "shim_internal.h"

#include <cstdlib>
#include <memory>
#include <string>

using namespace backfire;

namespace {

// NVRTC, NVIDIA's compiler as a library. It is loaded where it is needed, and
// no header of it is, so that an engine for CPUs is built alike.
struct Nvrtc {
  int (*version)(int *major, int *minor);
  int (*create)(void **program, const char *source, const char *name, int,
                const char *const *, const char *const *);
  int (*destroy)(void **program);
  int (*compile)(void *program, int count, const char *const *options);
  int (*log_size)(void *program, size_t *size);
  int (*log)(void *program, char *text);
  int (*image_size)(void *program, size_t *size);
  int (*image)(void *program, char *bytes);
  const char *(*error_string)(int code);

  explicit Nvrtc(const char *file) {
    Library library(file, "NVRTC");
    library.take("nvrtcVersion", version);
    library.take("nvrtcCreateProgram", create);
    library.take("nvrtcDestroyProgram", destroy);
    library.take("nvrtcCompileProgram", compile);
    library.take("nvrtcGetProgramLogSize", log_size);
    library.take("nvrtcGetProgramLog", log);
    library.take("nvrtcGetCUBINSize", image_size);
    library.take("nvrtcGetCUBIN", image);
    library.take("nvrtcGetErrorString", error_string);
  }
  void must(int code) const {
    TORCH_CHECK(code == 0, "NVRTC: ", error_string(code));
  }
  std::string log_of(void *program) const {
    size_t size = 0;
    must(log_size(program, &size));
    std::string text(size, '\0');
    must(log(program, text.data()));
    return text.c_str();
  }
};

} // namespace

char *bf_nvrtc_open(const char *file, const char *builtins, void **nvrtc,
                    int *major, int *minor) {
  return guarded([&] {
    // NVRTC asks for them by name, and finds those that are loaded already.
    if (*builtins)
      Library(builtins, "the builtins of NVRTC");
    auto found = std::make_unique<Nvrtc>(file);
    found->must(found->version(major, minor));
    *nvrtc = found.release();
  });
}

void bf_nvrtc_close(void *nvrtc) { delete static_cast<Nvrtc *>(nvrtc); }

char *bf_nvrtc_compile(void *nvrtc, const char *source, const char **options,
                       int count, void **image, int64_t *bytes, char **log) {
  return guarded([&] {
    const auto &n = *static_cast<Nvrtc *>(nvrtc);
    void *program = nullptr;
    n.must(n.create(&program, source, "fused.cu", 0, nullptr, nullptr));
    auto destroy = [&](void *) { n.destroy(&program); };
    std::unique_ptr<void, decltype(destroy)> owner(program, destroy);
    int code = n.compile(program, count, options);
    auto text = n.log_of(program);
    TORCH_CHECK(code == 0, "NVRTC: ", n.error_string(code), ": ", text);
    size_t size = 0;
    n.must(n.image_size(program, &size));
    std::unique_ptr<void, decltype(&std::free)> made(std::malloc(size),
                                                     &std::free);
    TORCH_CHECK(made, "no memory for the kernels");
    n.must(n.image(program, static_cast<char *>(made.get())));
    *log = strdup(text.c_str());
    *bytes = static_cast<int64_t>(size);
    *image = made.release();
  });
}
