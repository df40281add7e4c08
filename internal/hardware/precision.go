package hardware

import (
	"errors"
	"fmt"
)

// ErrPrecision reports a precision in which a device cannot compute.
var ErrPrecision = errors.New("precision not available")

// The precisions of a training. Weights, the optimiser, the statistics of batch
// normalisation and the loss are float32 in all of them.
const (
	FP32 = "fp32" // the reference
	TF32 = "tf32" // convolutions and matrix products with 10 bits of mantissa (NVIDIA, from compute capability 8.0 on)
	BF16 = "bf16" // convolutions and matrix products in bfloat16, which PyTorch calls autocast
)

// reducedPrecision is the compute capability from which on a GPU has TF32 and bfloat16.
const reducedPrecision = 80

// CheckPrecision returns an error if a device, one of e's, does not have a precision. The
// error wraps [ErrPrecision].
func (e Env) CheckPrecision(precision string, device Device) error {
	switch {
	case precision == FP32, precision == BF16 && device == CPU:
		return nil
	case precision != TF32 && precision != BF16:
		return fmt.Errorf("hardware: precision %q: %w: write fp32, tf32 or bf16", precision, ErrPrecision)
	case device == CPU:
		return fmt.Errorf("hardware: precision tf32 on device cpu: %w: it is a format of NVIDIA's GPUs; choose fp32 or bf16", ErrPrecision)
	}
	if gpu := e.GPUs[device]; gpu.Compute < reducedPrecision {
		return fmt.Errorf("hardware: precision %s on device %s: %w: %s has compute capability %d.%d, 8.0 is needed; choose fp32",
			precision, device, ErrPrecision, gpu.Name, gpu.Compute/10, gpu.Compute%10)
	}
	return nil
}

// FastPrecision returns the precision in which a GPU trains fastest: bf16 from compute
// capability 8.0 on, where bfloat16 is twice as fast as TF32 in computing and reading;
// otherwise fp32.
func (g GPU) FastPrecision() string {
	if g.Compute >= reducedPrecision {
		return BF16
	}
	return FP32
}
