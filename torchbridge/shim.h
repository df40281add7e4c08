// The part of libtorch that gotch's C bindings do not reach.
//
// Tensors cross as `void *`, pointing to an at::Tensor that the caller owns.
// Every function that can fail returns NULL on success and otherwise a message
// that the caller frees with bf_free_message; no C++ exception leaves it.
#ifndef BACKFIRE_SHIM_H
#define BACKFIRE_SHIM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Frees a message returned by any of the functions below.
void bf_free_message(char *message);

// at::set_num_threads: threads of one operation in this process.
char *bf_set_num_threads(int threads);
// at::get_num_threads.
int bf_get_num_threads(void);

// Lets the C allocator keep freed memory instead of returning it to the system:
// a training step frees and takes the same blocks again, and without this every
// one of them is unmapped and faulted in anew (glibc; elsewhere it does
// nothing).
void bf_keep_memory(void);

// Reproducible kernels where libtorch has them.
char *bf_set_reproducible(void);

// Whether CUDA computes fp32 convolutions and matrix products in TF32, for all
// of the process.
char *bf_set_tf32(int on);

// From begin to end, convolutions and matrix products of the calling thread on
// the CPU or on CUDA are computed in bfloat16 (autocast). Weights are converted
// once in between. end does not fail.
char *bf_bf16_begin(int cuda);
void bf_bf16_end(int cuda);

// A copy of a 4-dimensional tensor in memory order N,H,W,C.
char *bf_channels_last(void *tensor, void **out);

// Copies `bytes` bytes, as many as the tensor has, into it, after what its
// device was asked before; on a GPU without waiting for that. The values can be
// changed once this returns: for a GPU they are copied into pinned memory
// first.
char *bf_write(void *tensor, const void *values, int64_t bytes);

// The uint8 `images` as float, (x/255 - mean)/std written as x * scale + shift
// with both of shape [1, C, 1, 1], in memory order N,H,W,C. A non-NULL `index`
// picks rows first.
char *bf_normalise(void *images, void *index, void *scale, void *shift,
                   void **out);

// The convolution of x with `conv`, without bias, by direct sums where `direct`
// is set and otherwise by whichever kernels are fastest; batch normalisation
// with weight, bias and running statistics; `residual` added, unless NULL;
// ReLU, if wanted. On the CPU all but the convolution is one pass and one node
// of the gradient graph, in float whatever the convolution was computed in. On
// CUDA cuDNN normalises where `cudnn` is set and cuDNN takes the layer,
// otherwise libtorch's own kernels do. With a `fused` session its kernels do
// all but the convolution, on either device: statistics, normalisation,
// addition and ReLU in float, and the result rounded once to what the
// convolution was computed in.
char *bf_conv_norm(void *x, void *conv, int stride, int padding, int direct,
                   int cudnn, void *fused, void *weight, void *bias, void *mean,
                   void *variance, double momentum, double epsilon,
                   void *residual, int relu, int training, void **out);

// The convolution of bf_conv_norm alone.
char *bf_convolve(void *x, void *conv, int stride, int padding, int direct,
                  void **out);

// The rows of the next `length` images and the learning rate of this step, both
// kept on the device: order[p[0] .. p[0]+length-1] and rates[p[1]] with p =
// `position`, int64 [2], which moves on.
char *bf_next_batch(void *order, void *rates, void *position, int64_t length,
                    void **index, void **rate);

// at::_fused_sgd_ on all parameters at once: PyTorch's SGD with coupled weight
// decay. The momentum buffers begin at zero. `lr` is a float tensor of one
// element.
char *bf_fused_sgd(void **params, void **grads, void **momentum_buffers,
                   int count, void *lr, double momentum, double weight_decay,
                   int nesterov);

// at::_fused_adam_ (decoupled = 0) or at::_fused_adamw_ (decoupled = 1).
// `steps` are float tensors of one element, one per parameter, counted up here.
char *bf_fused_adam(void **params, void **grads, void **exp_avgs,
                    void **exp_avg_sqs, void **steps, int count, void *lr,
                    double beta1, double beta2, double eps, double weight_decay,
                    int decoupled);

// NVRTC in a file, after `builtins`, the file that it needs itself; empty: it
// finds that. Then an image for a GPU from C++, with the compiler's log. The
// image and the log are freed with free().
char *bf_nvrtc_open(const char *file, const char *builtins, void **nvrtc,
                    int *major, int *minor);
void bf_nvrtc_close(void *nvrtc);
char *bf_nvrtc_compile(void *nvrtc, const char *source, const char **options,
                       int count, void **image, int64_t *bytes, char **log);

// The fused kernels of fused.h, from an image for a CUDA device, or compiled
// into this program, which runs their threads one after the other on the CPU:
// in reverse order if wanted, and without the kernel number `left_out`, -1 for
// none. Sessions keep the kernels that they are made of.
char *bf_fused_load(int cuda, const void *image, void **kernels);
char *bf_fused_serial(int reversed, int left_out, void **kernels);
void bf_fused_unload(void *kernels);
// The number of kernels, and the name of one.
int bf_fused_kernels(void);
const char *bf_fused_kernel(int index);
// The kernels as one model uses them, on a CUDA device or the CPU (cuda < 0).
// The session outlives what the model computes.
char *bf_fused_new(void *kernels, int cuda, void **session);
void bf_fused_free(void *session);
// How many kernels were started so far, by all sessions of these kernels.
int64_t bf_fused_launches(void *session);
// Fails unless every kernel computes what libtorch's own operations do and,
// unless `serial` is NULL, the bits of this session on the CPU.
char *bf_fused_check(void *session, int cuda, void *serial);
// bf_fused_sgd by the session's kernels. Gradients are float or bfloat16, and
// those of `copies`, which may be NULL and have NULLs, become the new
// parameters in bfloat16.
char *bf_fused_update(void *session, void **params, void **grads,
                      void **momentum_buffers, void **copies, int count,
                      void *lr, double momentum, double weight_decay,
                      int nesterov);
// A copy in bfloat16 in the same memory order, of which gradients are taken.
char *bf_half_copy(void *tensor, void **out);
// Copies values from one tensor to another, whatever their kinds.
char *bf_copy(void *to, void *from);

// A CUDA graph: work that is recorded once and then started as one launch (CUDA
// C++ Programming Guide, "CUDA Graphs"). bf_graph_new makes a stream that no
// other thread uses the calling thread's current one on the device; after
// bf_graph_free, by the same thread, it may be another's. At most 32 threads
// have one at a time.
char *bf_graph_new(int device, void **graph);
char *bf_graph_free(void *graph);
// What the thread asks of the device from begin to end is recorded, not done.
// After an error of either nothing is recorded, and no recording is under way.
// One thread at a time may be between begin and end, in forget or in free:
// libtorch keeps a list of recordings without a lock, and frees memory only
// while nothing is recorded.
char *bf_graph_begin(void *graph);
char *bf_graph_end(void *graph);
// Does what was recorded, after what the stream was asked before.
char *bf_graph_replay(void *graph);
// Drops the recording, if there is one.
char *bf_graph_forget(void *graph);
// How many requests for memory of the device failed on the graph's stream since
// the process began. cuDNN's callers catch such a failure and take another
// algorithm, which rounds differently.
char *bf_graph_shortages(void *graph, int64_t *count);
// Nodes of the recording (kernels, copies, settings of memory), 0 without one.
char *bf_graph_nodes(void *graph, int64_t *count);

// Has this process compute with a set of kernels, "avx512", "avx2" or "plain",
// or with that of the processor ("auto"), as it does at first. All give the
// same bits. It fails where the processor lacks the instructions.
char *bf_use_kernels(const char *name);

// ResNet-18 in float on the CPU, trained and asked by kernels of our own alone.
// `shape` is width, channels, height and width in pixels, and classes; the
// tensors are those of resnet.go, in its order, which the network trains where
// they are; `scale` and `shift` are those of bf_normalise. There is room for
// `batch` images at first.
char *bf_net_new(const int64_t *shape, void **params, int param_count,
                 void **buffers, int buffer_count, void *scale, void *shift,
                 int64_t batch, void **out);
void bf_net_free(void *net);
// The optimiser: 0 SGD, 1 Adam, 2 AdamW. Its state has a tensor per trained
// one: `first` momentum, or Adam's mean; `second` Adam's variance; `steps` as
// in bf_fused_adam. Lists that an optimiser does not have are NULL.
char *bf_net_optimizer(void *net, int kind, double momentum, double decay,
                       int nesterov, void **first, void **second, void **steps,
                       int count);

// A batch of a training set, and what a defense does to it. All but the numbers
// are tensors, NULL where there is none: see stepInputs in stepinputs.go.
typedef struct {
  void *images, *labels; // the training set
  void *order;           // rows, of which `count` from `first` on are taken
  int64_t first, count;
  void *stamped, *masks, *patterns;
  int add_stamped;
  void *partner, *box, *own, *other;
  void *attacked, *start;
  int add_attacked;
  double epsilon, attack_step;
  int64_t attack_steps;
} bf_batch;

// Takes a step with a learning rate. The loss times the images is added to
// `loss_sum`, the images predicted as their own label to `hits`.
char *bf_net_step(void *net, const bf_batch *batch, float rate, void *loss_sum,
                  void *hits);

// What bf_net_infer returns of each image: its class (int64), the probabilities
// of all classes (float) or the features (float).
enum { BF_CLASSES, BF_PROBABILITIES, BF_FEATURES };
char *bf_net_infer(void *net, const uint8_t *images, int64_t count, int what,
                   void *out);

// Takes a step away from rows of a training set, of whose batch only images and
// labels are read: see Trainer.Unlearn. `loss` is the one before the step,
// which is not taken unless it is finite.
char *bf_net_unlearn(void *net, const bf_batch *set, const int64_t *forget,
                     int64_t forget_count, const int64_t *keep,
                     int64_t keep_count, double guess, float rate,
                     double *loss);

// Copies the last gradient of a trained tensor, as it lies in memory.
char *bf_net_gradient(void *net, int index, float *out);

// A TorchScript module from the bytes of a file, on the CPU (cuda < 0) or on a
// CUDA device. It fails for a module that reaches outside itself, as by a file,
// and for tensors that are not float32. Its tensors are listed from 0 on, the
// trained ones first; a name is freed with bf_free_message, and the tensor is
// that of the module.
char *bf_module_load(const void *data, int64_t bytes, int cuda, void **out);
void bf_module_free(void *module);
int64_t bf_module_count(void *module);
char *bf_module_tensor(void *module, int64_t index, char **name, int *trained,
                       void **out);
// Whether it has the method penultimate, which returns features [N, F].
int bf_module_features(void *module);
// forward, or penultimate, of x [N, C, H, W]. In training, random numbers
// follow from the seed.
char *bf_module_compute(void *module, void *x, int features, int training,
                        uint64_t seed, void **out);
// Fails unless the module on the CPU gives images of a shape [3] finite outputs
// [N, classes], a finite gradient for each of its parameters, and features
// [N, F] if it has the method. `features` is F, 0 without it. Running
// statistics change.
char *bf_module_check(void *module, const int64_t *shape, int64_t classes,
                      int64_t *features);

// TORCH_VERSION of the headers this was compiled with.
const char *bf_libtorch_version(void);
// How the libtorch that was loaded was built, as text: TORCH_VERSION=... in it.
char *bf_libtorch_settings(char **out);
// Path of the loaded libtorch_cpu.so.
char *bf_libtorch_file(char **out);
// Instruction set that libtorch's own CPU kernels use (AVX2, AVX512, ...).
char *bf_cpu_capability(char **out);
// Name, total memory in bytes, and compute capability (90 is 9.0) of a CUDA
// device; fails without CUDA.
char *bf_cuda_device(int index, char **name, int64_t *memory, int *compute);
// Memory in bytes of a CUDA device that is not taken yet; fails without
// CUDA, and where the device is kept for one process at a time. It gives this
// process a context on the device, which takes memory until the process ends.
char *bf_cuda_free_memory(int index, int64_t *memory);

// The most memory in bytes of a CUDA device that tensors of this process had
// at a time since the last call, `allocated`, and that libtorch had taken for
// them, `reserved`.
char *bf_cuda_peak_memory(int index, int64_t *allocated, int64_t *reserved);

#ifdef __cplusplus
}
#endif
#endif
