// Package torchbridge is the only door to libtorch: a ResNet-18, its training
// and its predictions, on the CPU or on CUDA.
//
// It stands on gotch's C bindings (package gotch/libtch) and on one C++ shim
// (shim.h) for what those lack. Three rules keep the boundary safe:
//
//   - Every libtorch tensor has one owner that frees it explicitly. Within a
//     computation that is a scope; there are no finalizers.
//   - C++ exceptions end at the boundary and come back as Go errors.
//   - libtorch keeps gradient mode, current stream and gotch's last error per
//     OS thread, so a Trainer locks the thread that made it until it is closed.
//
// The generated file libtorch_flags.go (make setup writes it) tells cgo where
// libtorch lies.
package torchbridge
