package torchbridge

import (
	"errors"
	"fmt"
	"unsafe"
)

// #include "shim.h"
import "C"

// stepInputs holds the values of a step's transform on the device. The tensors of
// all steps of one shape are the same, so that a recorded step reads the values
// that were drawn for it.
type stepInputs struct {
	stamped  rowSelection
	masks    tensor // of the stamped rows, bool [k, 1, H, W]
	patterns tensor // of the stamped rows, uint8 [k, C, H, W]

	partner    tensor // of each row, int64 [n]
	box        tensor // pixels from the partner, bool [1, 1, H, W]; without it all pixels are mixed
	own, other tensor // weights of a row and of its partner, float32 [1]

	attacked rowSelection
	start    tensor // offsets of the attacked rows, float32 [k, C, H, W]
}

// rowSelection selects k rows of a batch of n.
type rowSelection struct {
	rows tensor // int64 [k]
	// places holds the row of each of the n images once the k changed ones are
	// appended, int64 [n]. If it is not valid, the changed rows stay appended.
	places tensor
}

// newStepInputs allocates the inputs of steps of a shape, which the caller frees.
func newStepInputs(shape stepShape, m ModelSpec, device cDevice) (*stepInputs, error) {
	in := &stepInputs{}
	var failed error
	zeros := func(k kind, shape ...int64) tensor {
		if failed != nil {
			return tensor{}
		}
		var t tensor
		t, failed = newZeros(shape, k, device)
		return t
	}
	selection := func(count, batch int, add bool) rowSelection {
		selected := rowSelection{rows: zeros(kindInt64, int64(count))}
		if !add {
			selected.places = zeros(kindInt64, int64(batch))
		}
		return selected
	}
	channels, height, width := int64(m.Channels), int64(m.Height), int64(m.WidthPx)
	if k := int64(shape.stamped); k > 0 {
		in.stamped = selection(shape.stamped, shape.rows, shape.addStamped)
		in.masks = zeros(kindBool, k, 1, height, width)
		in.patterns = zeros(kindUint8, k, channels, height, width)
	}
	if shape.mixing != unmixed {
		in.partner = zeros(kindInt64, int64(shape.mixed()))
		in.own, in.other = zeros(kindFloat32, 1), zeros(kindFloat32, 1)
	}
	if shape.mixing == boxed {
		in.box = zeros(kindBool, 1, 1, height, width)
	}
	if shape.attacked > 0 {
		in.attacked = selection(shape.attacked, shape.mixed(), shape.addAttacked)
	}
	if shape.start {
		in.start = zeros(kindFloat32, int64(shape.attacked), channels, height, width)
	}
	if failed != nil {
		in.free()
		return nil, failed
	}
	return in, nil
}

func (in *stepInputs) free() {
	for _, owned := range []*tensor{
		&in.stamped.rows, &in.stamped.places, &in.masks, &in.patterns, &in.partner, &in.box, &in.own, &in.other,
		&in.attacked.rows, &in.attacked.places, &in.start,
	} {
		owned.free()
	}
}

// write copies a transform of the given shape to the device. Work that the device
// was given before still reads the values of the transform before.
func (in *stepInputs) write(transform BatchTransform, shape stepShape, m ModelSpec) error {
	var problems []error
	if stamps := transform.Stamps; stamps != nil {
		mask := make([]bool, len(stamps.Masks))
		for i, l := range stamps.Masks {
			mask[i] = l != 0
		}
		problems = append(problems, in.stamped.write(stamps.Rows, shape.rows), write(in.masks, mask), write(in.patterns, stamps.Patterns))
	}
	if mix := transform.Mix; mix != nil {
		problems = append(problems, write(in.partner, wide(mix.Partner)),
			write(in.own, []float32{float32(mix.Lambda)}), write(in.other, []float32{float32(1 - mix.Lambda)}))
		if mix.Box != nil {
			problems = append(problems, write(in.box, mix.Box.mask(m)))
		}
	}
	if p := transform.Perturbation; p != nil {
		problems = append(problems, in.attacked.write(p.Rows, shape.mixed()))
		if p.Start != nil {
			problems = append(problems, write(in.start, p.Start))
		}
	}
	return errors.Join(problems...)
}

// write selects rows of a batch of n.
func (selected rowSelection) write(rows []int32, n int) error {
	if err := write(selected.rows, wide(rows)); err != nil || !selected.places.valid() {
		return err
	}
	places := make([]int64, n)
	for i := range places {
		places[i] = int64(i)
	}
	for i, row := range rows {
		places[row] = int64(n + i)
	}
	return write(selected.places, places)
}

// mask returns true for the pixels of the box and false for others, row by row.
func (b Box) mask(m ModelSpec) []bool {
	mask := make([]bool, m.Height*m.WidthPx)
	for y := b.Y1; y < b.Y2; y++ {
		for x := b.X1; x < b.X2; x++ {
			mask[y*m.WidthPx+x] = true
		}
	}
	return mask
}

func wide(list []int32) []int64 {
	out := make([]int64, len(list))
	for i, v := range list {
		out[i] = int64(v)
	}
	return out
}

// write copies values, as many as t holds and of its kind, into t.
func write[E element](t tensor, values []E) error {
	bytes := C.int64_t(len(values) * kindOf[E]().size())
	if err := shimError(C.bf_write(unsafe.Pointer(t.c), unsafe.Pointer(unsafe.SliceData(values)), bytes)); err != nil {
		return fmt.Errorf("torchbridge: write: %w", err)
	}
	return nil
}
