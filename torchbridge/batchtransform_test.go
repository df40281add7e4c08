package torchbridge

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// transformedBatch applies transform to the first n rows of an uploaded toy set and reads
// the batch back in 8-bit units, with its labels and the partners' labels.
func transformedBatch(t *testing.T, trainer *Trainer, n int, transform BatchTransform) (pixels []float32, labels, partner []int64) {
	t.Helper()
	shape, err := stepShapeOf(transform, n, trainer.opt.Model)
	require.NoError(t, err)
	in, err := newStepInputs(shape, trainer.opt.Model, trainer.device)
	require.NoError(t, err)
	defer in.free()
	require.NoError(t, in.write(transform, shape, trainer.opt.Model))
	index := make([]int64, n)
	for i := range index {
		index[i] = int64(i)
	}
	s := trainer.scope
	defer s.reset()
	b := trainer.batch(upload(s, index, []int64{int64(n)}, trainer.device), shape, in)
	require.NoError(t, s.err())
	x, err := read[float32](b.x)
	require.NoError(t, err)
	for _, v := range x {
		pixels = append(pixels, (v*trainer.opt.Std[0]+trainer.opt.Mean[0])*255)
	}
	labels, err = read[int64](b.labels)
	require.NoError(t, err)
	require.Len(t, labels, shape.size())
	if b.partner.valid() {
		partner, err = read[int64](b.partner)
		require.NoError(t, err)
	}
	return pixels, labels, partner
}

func toyTrainer(t *testing.T, device string, change func(*Options)) (*Trainer, []uint8, []uint16) {
	t.Helper()
	opt := toyOptions()
	opt.Device = device
	if change != nil {
		change(&opt)
	}
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	t.Cleanup(trainer.Close)
	images, labels := toyImages(opt.Images, 1)
	require.NoError(t, trainer.Upload(images, labels))
	return trainer, images, labels
}

// inPixels is the tolerance in 8-bit units of a value that went through
// normalisation and back in float32.
const inPixels = 1e-3

func asFloats(raw []uint8) []float32 {
	out := make([]float32, len(raw))
	for i, v := range raw {
		out[i] = float32(v)
	}
	return out
}

func TestStampsChangeTheMaskedPixelsAlone(t *testing.T) {
	for _, device := range devices() {
		for _, add := range []bool{false, true} {
			trainer, images, labels := toyTrainer(t, device, nil)
			stamps := &Stamps{Rows: []int32{1, 3}, Masks: make([]uint8, 128), Patterns: make([]uint8, 128), Add: add}
			stamps.Masks[5], stamps.Patterns[5] = 1, 0 // black stays part of the trigger
			stamps.Masks[64+9], stamps.Patterns[64+9] = 1, 255
			stamps.Patterns[10] = 77 // not masked
			pixels, got, partner := transformedBatch(t, trainer, 4, BatchTransform{Stamps: stamps})
			require.Nil(t, partner)
			want, wantLabels := asFloats(images[:4*64]), slices.Clone(labels[:4])
			first, second := want[64:128], want[3*64:4*64]
			if add {
				want = append(want, slices.Concat(first, second)...)
				first, second = want[4*64:5*64], want[5*64:]
				wantLabels = append(wantLabels, labels[1], labels[3])
			}
			first[5], second[9] = 0, 255
			require.InDeltaSlice(t, want, pixels, inPixels)
			require.EqualValues(t, wantLabels, narrow(got))
		}
	}
}

func narrow(labels []int64) []uint16 {
	out := make([]uint16, len(labels))
	for i, label := range labels {
		out[i] = uint16(label)
	}
	return out
}

func TestMixes(t *testing.T) {
	for _, device := range devices() {
		trainer, images, labels := toyTrainer(t, device, nil)
		partner := []int32{2, 0, 1, 3}
		for name, mix := range map[string]*Mix{
			"cutmix":    {Partner: partner, Lambda: 0.75, Box: &Box{X1: 2, Y1: 4, X2: 6, Y2: 8}},
			"empty box": {Partner: partner, Lambda: 1, Box: &Box{X1: 2, Y1: 4, X2: 2, Y2: 8}},
			"mixup":     {Partner: partner, Lambda: 0.3},
		} {
			pixels, own, other := transformedBatch(t, trainer, 4, BatchTransform{Mix: mix})
			for i := range 4 {
				require.EqualValues(t, labels[i], own[i], name)
				require.EqualValues(t, labels[partner[i]], other[i], name)
				for p := range 64 {
					a, b := float64(images[i*64+p]), float64(images[int(partner[i])*64+p])
					want := a
					if mix.Box == nil {
						want = mix.Lambda*a + (1-mix.Lambda)*b
					} else if x, y := p%8, p/8; x >= mix.Box.X1 && x < mix.Box.X2 && y >= mix.Box.Y1 && y < mix.Box.Y2 {
						want = b
					}
					require.InDelta(t, want, pixels[i*64+p], inPixels, "%s: pixel %d of image %d", name, p, i)
				}
			}
		}
	}
}

// The loss of a mixed batch is the weighted mean of the losses against both labels.
func TestMixedLoss(t *testing.T) {
	trainer, _, _ := toyTrainer(t, "cpu", nil)
	s := trainer.scope
	defer s.reset()
	logits := upload(s, []float32{1, 2, 3, 0, -1, 5}, []int64{2, 3}, cpu)
	b := &batch{labels: upload(s, []int64{0, 2}, []int64{2}, cpu), partner: upload(s, []int64{1, 1}, []int64{2}, cpu)}
	b.own, b.other = upload(s, []float32{0.25}, []int64{1}, cpu), upload(s, []float32{0.75}, []int64{1}, cpu)
	loss, err := read[float32](b.loss(s, logits))
	require.NoError(t, err)
	require.NoError(t, s.err())
	entropy := func(row []float64, label int) float64 {
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(v)
		}
		return math.Log(sum) - row[label]
	}
	first, second := []float64{1, 2, 3}, []float64{0, -1, 5}
	want := 0.25*(entropy(first, 0)+entropy(second, 2))/2 + 0.75*(entropy(first, 1)+entropy(second, 1))/2
	require.InDelta(t, want, loss[0], 1e-5, "float32")
}

func TestPerturbationsStayInBoundsAndRaiseTheLoss(t *testing.T) {
	for _, device := range devices() {
		for name, p := range map[string]*Perturbation{
			"fgsm":             {Rows: []int32{0, 2}, Epsilon: 8, StepSize: 8, Steps: 1},
			"pgd":              {Rows: []int32{0, 2}, Epsilon: 8, StepSize: 2, Steps: 7},
			"pgd, added":       {Rows: []int32{0, 2}, Epsilon: 8, StepSize: 2, Steps: 7, Add: true},
			"pgd, other start": {Rows: []int32{0, 2}, Epsilon: 8, StepSize: 2, Steps: 7, Start: slices.Repeat([]float32{-8, 8}, 64)},
		} {
			trainer, images, labels := toyTrainer(t, device, nil)
			before, err := trainer.State()
			require.NoError(t, err)
			pixels, got, _ := transformedBatch(t, trainer, 4, BatchTransform{Perturbation: p})
			after, err := trainer.State()
			require.NoError(t, err)
			require.Equal(t, before, after, "an attack leaves the model alone")
			at := map[int]int{0: 0, 2: 2} // row -> place of its example
			if p.Add {
				at = map[int]int{0: 4, 2: 5}
				require.EqualValues(t, slices.Concat(labels[:4], []uint16{labels[0], labels[2]}), narrow(got), name)
			}
			moved := 0
			for row := range 4 {
				place, attacked := at[row]
				if !attacked || p.Add {
					require.InDeltaSlice(t, asFloats(images[row*64:(row+1)*64]), pixels[row*64:(row+1)*64], inPixels, name)
				}
				if !attacked {
					continue
				}
				for i, v := range pixels[place*64 : (place+1)*64] {
					original := float64(images[row*64+i])
					require.LessOrEqual(t, math.Abs(float64(v)-original), 8+inPixels, name)
					require.GreaterOrEqual(t, float64(v), -inPixels, name)
					require.LessOrEqual(t, float64(v), 255+inPixels, name)
					if math.Abs(float64(v)-original) > 1 {
						moved++
					}
				}
			}
			require.Greater(t, moved, 100, "%s: of 128 pixels most move", name)
			require.Greater(t, lossOf(t, trainer, pixels, got, at), lossOf(t, trainer, asFloats(images[:4*64]), got, map[int]int{0: 0, 2: 2}), name)
		}
	}
}

// lossOf is the mean loss of the images at the given places, against their rows' labels.
func lossOf(t *testing.T, trainer *Trainer, pixels []float32, labels []int64, at map[int]int) float64 {
	t.Helper()
	total := 0.0
	for row, place := range at {
		image := make([]uint8, 64)
		for i, v := range pixels[place*64 : (place+1)*64] {
			image[i] = uint8(math.Round(float64(v)))
		}
		p, err := trainer.Probabilities(image)
		require.NoError(t, err)
		total -= math.Log(float64(p[labels[row]]))
	}
	return total
}

// A whole training under every change at once: it counts the rows it adds, and the
// same options give the same weights.
func TestTrainingWithChanges(t *testing.T) {
	run := func() (State, EpochStats) {
		seen := [][2]int{}
		trainer, _, _ := toyTrainer(t, "cpu", func(o *Options) {
			o.Train.Epochs = 2
			o.Transform = func(epoch, step, n int) BatchTransform {
				seen = append(seen, [2]int{epoch, step})
				partner := make([]int32, n+1)
				for i := range partner {
					partner[i] = int32(len(partner) - 1 - i)
				}
				return BatchTransform{
					Stamps:       &Stamps{Rows: []int32{0}, Masks: slices.Repeat([]uint8{1}, 64), Patterns: make([]uint8, 64), Add: true},
					Mix:          &Mix{Partner: partner, Lambda: 0.5, Box: &Box{0, 0, 4, 8}},
					Perturbation: &Perturbation{Rows: []int32{8}, Epsilon: 4, StepSize: 4, Steps: 1, Add: true},
				}
			}
		})
		var stats EpochStats
		var err error
		for epoch := range 2 {
			stats, err = trainer.Epoch(order(40, 1, uint64(epoch)), nil)
			require.NoError(t, err)
		}
		require.Equal(t, [][2]int{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}}, seen)
		state, err := trainer.State()
		require.NoError(t, err)
		return state, stats
	}
	first, stats := run()
	require.Equal(t, 50, stats.Images, "two rows are added to each of five batches")
	second, _ := run()
	require.Equal(t, first, second)
}

// An epoch that broke off leaves steps that no later epoch can make up for; a
// state from before it does.
func TestBrokenEpoch(t *testing.T) {
	fail := true
	trainer, _, _ := toyTrainer(t, "cpu", func(o *Options) {
		o.Transform = func(_, step, _ int) BatchTransform {
			if fail && step == 2 {
				return BatchTransform{Mix: &Mix{Lambda: 2}}
			}
			return BatchTransform{}
		}
	})
	before, err := trainer.State()
	require.NoError(t, err)
	_, err = trainer.Epoch(order(40, 1, 0), nil)
	require.ErrorContains(t, err, "epoch: step 2: torchbridge: mix")
	fail = false
	_, err = trainer.Epoch(order(40, 1, 0), nil)
	require.ErrorContains(t, err, "the one before broke off")
	require.NoError(t, trainer.Restore(before))
	_, err = trainer.Epoch(order(40, 1, 0), nil)
	require.NoError(t, err)
}

func TestChangeRefusals(t *testing.T) {
	whole := []int32{0, 1, 2, 3, 4, 5, 6, 7}
	for name, change := range map[string]BatchTransform{
		"stamp behind the batch": {Stamps: &Stamps{Rows: []int32{8}, Masks: make([]uint8, 64), Patterns: make([]uint8, 64)}},
		"no rows to stamp":       {Stamps: &Stamps{}},
		"stamp a row twice":      {Stamps: &Stamps{Rows: []int32{0, 0}, Masks: make([]uint8, 128), Patterns: make([]uint8, 128)}},
		"stamp without pattern":  {Stamps: &Stamps{Rows: []int32{0}, Masks: make([]uint8, 64)}},
		"too few partners":       {Mix: &Mix{Partner: whole[1:], Lambda: 0.5}},
		"partner behind":         {Mix: &Mix{Partner: []int32{0, 1, 2, 3, 4, 5, 6, 8}, Lambda: 0.5}},
		"lambda of two":          {Mix: &Mix{Partner: whole, Lambda: 2}},
		"box outside":            {Mix: &Mix{Partner: whole, Lambda: 0.5, Box: &Box{0, 0, 9, 8}}},
		"no steps":               {Perturbation: &Perturbation{Rows: []int32{0}, Epsilon: 1, StepSize: 1}},
		"start of other rows":    {Perturbation: &Perturbation{Rows: []int32{0}, Epsilon: 1, StepSize: 1, Steps: 1, Start: make([]float32, 3)}},
		"no rows to perturb":     {Perturbation: &Perturbation{Epsilon: 1, StepSize: 1, Steps: 1}},
		"perturb behind":         {Perturbation: &Perturbation{Rows: []int32{8}, Epsilon: 1, StepSize: 1, Steps: 1}},
	} {
		trainer, _, _ := toyTrainer(t, "cpu", func(o *Options) { o.Transform = func(int, int, int) BatchTransform { return change } })
		_, err := trainer.Epoch(order(40, 1, 0), nil)
		require.Error(t, err, name)
		require.Empty(t, trainer.scope.owned, "%s: the step's tensors are freed", name)
		_, err = trainer.Predict(make([]uint8, 64))
		require.NoError(t, err, "%s: the trainer is not broken by it", name)
	}
}
