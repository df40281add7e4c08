package hardware

import (
	"errors"
	"fmt"
)

// ErrPrecision marks a precision that a device does not compute in.
var ErrPrecision = errors.New("precision not available")

// Precisions of a training. Weights, optimiser, statistics of batch normalisation
// and loss are float32 in all of them.
const (
	FP32 = "fp32" // the reference
	TF32 = "tf32" // products of convolutions and matrices on 10 bits of mantissa (NVIDIA, from compute capability 8.0 on)
	BF16 = "bf16" // convolutions and matrix products in bfloat16, what PyTorch calls autocast
)

// tensorCores is the compute capability from which on a GPU has TF32 and bfloat16.
const tensorCores = 80

// CheckPrecision refuses a precision that a device does not have. The error wraps
// ErrPrecision.
func (e Env) CheckPrecision(precision string, device Device) error {
	switch {
	case precision == FP32, precision == BF16 && device == CPU:
		return nil
	case precision != TF32 && precision != BF16:
		return fmt.Errorf("hardware: precision %q: %w: write fp32, tf32 or bf16", precision, ErrPrecision)
	case device == CPU:
		return fmt.Errorf("hardware: precision tf32 on device cpu: %w: it is a format of NVIDIA's GPUs; choose fp32 or bf16", ErrPrecision)
	}
	if gpu := e.GPUs[device]; gpu.Compute < tensorCores {
		return fmt.Errorf("hardware: precision %s on device %s: %w: %s has compute capability %d.%d, 8.0 is needed; choose fp32",
			precision, device, ErrPrecision, gpu.Name, gpu.Compute/10, gpu.Compute%10)
	}
	return nil
}

// FastPrecision is the precision that a GPU trains fastest in: bf16 from compute
// capability 8.0 on, where bfloat16 and TF32 exist and the former computes and
// reads twice as fast; else fp32.
func (g GPU) FastPrecision() string {
	if g.Compute >= tensorCores {
		return BF16
	}
	return FP32
}
