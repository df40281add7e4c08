package torchbridge

import (
	"errors"
	"fmt"
	"unsafe"
)

// #include "shim.h"
import "C"

// draws is what the changes of the steps of one form say, on the device. Its
// tensors stay where they are from step to step: a recorded step finds there what
// was drawn for it.
type draws struct {
	stamped  chosen
	masks    tensor // of the stamped rows, bool [k, 1, H, W]
	patterns tensor // of the stamped rows, uint8 [k, C, H, W]

	partner    tensor // of each row, int64 [n]
	box        tensor // pixels from the partner, bool [1, 1, H, W]; without it all pixels are mixed
	own, other tensor // weights of a row and of its partner, float32 [1]

	attacked chosen
	start    tensor // offsets of the attacked rows, float32 [k, C, H, W]
}

// chosen are k rows of a batch of n that are changed.
type chosen struct {
	rows tensor // int64 [k]
	// places of the batch's rows once the k changed ones are put behind it: int64 [n].
	// Without it they stay there.
	places tensor
}

// newDraws takes the memory for what steps of form f draw.
func newDraws(f form, m ModelSpec, device cDevice) (*draws, error) {
	d := &draws{}
	var failed error
	zeros := func(k kind, shape ...int64) tensor {
		if failed != nil {
			return tensor{}
		}
		var t tensor
		t, failed = newZeros(shape, k, device)
		return t
	}
	choose := func(count, batch int, add bool) chosen {
		c := chosen{rows: zeros(kindInt64, int64(count))}
		if !add {
			c.places = zeros(kindInt64, int64(batch))
		}
		return c
	}
	channels, height, width := int64(m.Channels), int64(m.Height), int64(m.WidthPx)
	if k := int64(f.stamped); k > 0 {
		d.stamped = choose(f.stamped, f.rows, f.addStamped)
		d.masks = zeros(kindBool, k, 1, height, width)
		d.patterns = zeros(kindUint8, k, channels, height, width)
	}
	if f.mixing != unmixed {
		d.partner = zeros(kindInt64, int64(f.mixed()))
		d.own, d.other = zeros(kindFloat32, 1), zeros(kindFloat32, 1)
	}
	if f.mixing == boxed {
		d.box = zeros(kindBool, 1, 1, height, width)
	}
	if f.attacked > 0 {
		d.attacked = choose(f.attacked, f.mixed(), f.addAttacked)
	}
	if f.start {
		d.start = zeros(kindFloat32, int64(f.attacked), channels, height, width)
	}
	if failed != nil {
		d.free()
		return nil, failed
	}
	return d, nil
}

func (d *draws) free() {
	for _, owned := range []*tensor{
		&d.stamped.rows, &d.stamped.places, &d.masks, &d.patterns, &d.partner, &d.box, &d.own, &d.other,
		&d.attacked.rows, &d.attacked.places, &d.start,
	} {
		owned.free()
	}
}

// write puts a change there, which is of form f. What the device was asked for
// before still sees the change before.
func (d *draws) write(change Change, f form, m ModelSpec) error {
	var problems []error
	if stamps := change.Stamps; stamps != nil {
		mask := make([]bool, len(stamps.Masks))
		for i, l := range stamps.Masks {
			mask[i] = l != 0
		}
		problems = append(problems, d.stamped.write(stamps.Rows, f.rows), write(d.masks, mask), write(d.patterns, stamps.Patterns))
	}
	if mix := change.Mix; mix != nil {
		problems = append(problems, write(d.partner, wide(mix.Partner)),
			write(d.own, []float32{float32(mix.Lambda)}), write(d.other, []float32{float32(1 - mix.Lambda)}))
		if mix.Box != nil {
			problems = append(problems, write(d.box, mix.Box.mask(m)))
		}
	}
	if p := change.Perturbation; p != nil {
		problems = append(problems, d.attacked.write(p.Rows, f.mixed()))
		if p.Start != nil {
			problems = append(problems, write(d.start, p.Start))
		}
	}
	return errors.Join(problems...)
}

// write notes rows of a batch of n.
func (c chosen) write(rows []int32, n int) error {
	if err := write(c.rows, wide(rows)); err != nil || !c.places.valid() {
		return err
	}
	places := make([]int64, n)
	for i := range places {
		places[i] = int64(i)
	}
	for i, row := range rows {
		places[row] = int64(n + i)
	}
	return write(c.places, places)
}

// mask marks the pixels of the box, row by row.
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
