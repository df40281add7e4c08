#include "shim_internal.h"

#include <ATen/Version.h>
#include <c10/util/Exception.h>

#include <dlfcn.h>

#include <cstring>

using namespace backfire;

char *bf_libtorch_settings(char **out) {
  return guarded([&] { *out = strdup(at::show_config().c_str()); });
}

char *bf_libtorch_file(char **out) {
  return guarded([&] {
    // Taken in this program, the address of a function may be that of its own
    // entry; the loader finds that in the library.
    void *place = dlsym(RTLD_DEFAULT, "_ZN2at11show_configB5cxx11Ev");
    Dl_info info;
    TORCH_CHECK(place != nullptr && dladdr(place, &info) != 0,
                "the loaded libtorch is not found");
    *out = strdup(info.dli_fname);
  });
}
