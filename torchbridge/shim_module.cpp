// TorchScript modules of the user's: loaded, checked, and computed by
// libtorch's interpreter.
#include "shim_internal.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/python/update_graph_executor_opt.h>
#include <torch/csrc/jit/serialization/import.h>

#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace backfire;

namespace {

const char *const kFeatures = "penultimate"; // the method that returns features

// Models of one process share libtorch's generators.
std::mutex generators;

struct Named {
  std::string name;
  at::Tensor value;
  bool trained;
};

struct Module {
  torch::jit::Module script;
  std::vector<Named> tensors;
  bool features = false; // it has a method that returns them
  bool draws = false;    // random numbers
};

// What a network has no use for and what reaches outside: files, Python, other
// processes.
bool forbidden(const torch::jit::Node &node) {
  static const std::set<std::string> outside = {
      "aten::save",       "aten::load",        "aten::from_file",
      "prim::PythonOp",   "prim::rpc_async",   "prim::rpc_sync",
      "prim::rpc_remote", "aten::manual_seed", "aten::set_grad_enabled"};
  std::string kind = node.kind().toQualString();
  bool known = kind.rfind("aten::", 0) == 0 || kind.rfind("prim::", 0) == 0;
  return !known || outside.count(kind) > 0;
}

void scan(const torch::jit::Block *block, Module &m) {
  for (const auto *node : block->nodes()) {
    if (forbidden(*node))
      throw std::runtime_error(std::string("it uses ") +
                               node->kind().toQualString() +
                               ", which no network may");
    m.draws = m.draws || node->isNondeterministic();
    for (const auto *inner : node->blocks())
      scan(inner, m);
  }
}

void scan_method(const torch::jit::Method &method, Module &m) {
  auto graph = method.graph()->copy();
  torch::jit::Inline(*graph);
  scan(graph->block(), m);
}

void keep(Module &m, const std::string &name, const at::Tensor &value,
          bool trained) {
  if (value.scalar_type() != at::kFloat) {
    auto tail = name.rfind("num_batches_tracked");
    if (!trained && tail != std::string::npos)
      return; // a count that no computation reads
    throw std::runtime_error(name + " is not of type float32");
  }
  m.tensors.push_back({name, value, trained});
}

at::Tensor called(Module &m, const char *method, const at::Tensor &x) {
  auto result = m.script.get_method(method)({x});
  if (!result.isTensor())
    throw std::runtime_error(std::string(method) + " returns no tensor");
  return result.toTensor();
}

// Without the interpreter's optimisations, whose results differ from run to run
// of a process: the first runs are profiled.
struct Plainly {
  bool before = torch::jit::getGraphExecutorOptimize();
  Plainly() { torch::jit::setGraphExecutorOptimize(false); }
  ~Plainly() { torch::jit::setGraphExecutorOptimize(before); }
};

at::Tensor computed(Module &m, const char *method, const at::Tensor &x,
                    bool training, uint64_t seed) {
  Plainly plainly;
  m.script.train(training);
  // Modules take views, as of N,C,H,W. contiguous() would leave the strides of
  // images of one channel.
  auto images = x.clone(at::MemoryFormat::Contiguous);
  if (!training || !m.draws)
    return called(m, method, images);
  std::lock_guard<std::mutex> alone(generators);
  at::manual_seed(seed);
  return called(m, method, images);
}

void require_finite(const at::Tensor &value, const std::string &what) {
  if (!value.isfinite().all().item<bool>())
    throw std::runtime_error(what + " is not finite");
}

at::Tensor require_rows(const at::Tensor &value, int64_t rows, int64_t columns,
                        const std::string &what) {
  std::ostringstream text;
  if (value.dim() != 2 || value.size(0) != rows ||
      (columns > 0 && value.size(1) != columns) ||
      value.scalar_type() != at::kFloat) {
    text << what << " of " << rows << " images is " << value.scalar_type()
         << " " << value.sizes() << " instead of Float [" << rows << ", ";
    if (columns > 0)
      text << columns << "]";
    else
      text << "features]";
    throw std::runtime_error(text.str());
  }
  require_finite(value, what);
  return value;
}

} // namespace

char *bf_module_load(const void *data, int64_t bytes, int cuda, void **out) {
  return guarded([&] {
    std::istringstream in(
        std::string(static_cast<const char *>(data), size_t(bytes)));
    auto device = cuda < 0 ? at::Device(at::kCPU)
                           : at::Device(at::kCUDA, at::DeviceIndex(cuda));
    auto m = std::make_unique<Module>();
    m->script = torch::jit::load(in, device);
    if (!m->script.find_method("forward"))
      throw std::runtime_error("it has no method forward");
    scan_method(m->script.get_method("forward"), *m);
    if (auto method = m->script.find_method(kFeatures)) {
      m->features = true;
      scan_method(*method, *m);
    }
    for (const auto &p : m->script.named_parameters()) {
      p.value.requires_grad_(true);
      keep(*m, p.name, p.value, true);
    }
    for (const auto &p : m->script.named_buffers())
      keep(*m, p.name, p.value, false);
    if (m->tensors.empty() || !m->tensors[0].trained)
      throw std::runtime_error("it has no parameters");
    *out = m.release();
  });
}

void bf_module_free(void *module) { delete static_cast<Module *>(module); }

int64_t bf_module_count(void *module) {
  return int64_t(static_cast<Module *>(module)->tensors.size());
}

int bf_module_features(void *module) {
  return static_cast<Module *>(module)->features;
}

char *bf_module_tensor(void *module, int64_t index, char **name, int *trained,
                       void **out) {
  return guarded([&] {
    const auto &t = static_cast<Module *>(module)->tensors.at(size_t(index));
    *name = strdup(t.name.c_str());
    *trained = t.trained;
    *out = handle_of(t.value);
  });
}

char *bf_module_compute(void *module, void *x, int features, int training,
                        uint64_t seed, void **out) {
  return guarded([&] {
    auto &m = *static_cast<Module *>(module);
    if (features && !m.features)
      throw std::runtime_error(std::string("the module has no method ") +
                               kFeatures);
    *out = handle_of(computed(m, features ? kFeatures : "forward", tensor_of(x),
                              training != 0, seed));
  });
}

char *bf_module_check(void *module, const int64_t *shape, int64_t classes,
                      int64_t *features) {
  return guarded([&] {
    auto &m = *static_cast<Module *>(module);
    const int64_t rows = 4;
    auto x = at::empty({rows, shape[0], shape[1], shape[2]}, at::kFloat);
    for (int64_t i = 0; i < x.numel(); ++i) // any values of standardised pixels
      x.mutable_data_ptr<float>()[i] = float(i * 7919 % 97) / 48 - 1;
    {
      at::NoGradGuard none;
      require_rows(computed(m, "forward", x, false, 1), rows, classes,
                   "its output");
      *features = 0;
      if (m.features)
        *features = require_rows(computed(m, kFeatures, x, false, 1), rows, 0,
                                 "the result of penultimate")
                        .size(1);
    }
    at::AutoGradMode enabled(true);
    std::vector<at::Tensor> trained;
    for (const auto &t : m.tensors) {
      require_finite(t.value, t.name);
      if (t.trained)
        trained.push_back(t.value);
    }
    auto y = require_rows(computed(m, "forward", x, true, 1), rows, classes,
                          "its output in training");
    auto gradients = torch::autograd::grad({y.square().sum()}, trained, {},
                                           false, false, true);
    size_t at = 0;
    for (const auto &t : m.tensors) {
      if (!t.trained)
        continue;
      if (!gradients[at].defined())
        throw std::runtime_error("its output does not depend on " + t.name +
                                 ", so that it cannot be trained: make it a "
                                 "buffer, or remove it");
      require_finite(gradients[at++], "the gradient of " + t.name);
    }
  });
}
