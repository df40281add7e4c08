package torchbridge

import (
	"fmt"

	lib "github.com/sugarme/gotch/libtch"
)

// Change says what a defense does to one batch before the model sees it, in the
// order of the fields. The zero value leaves the batch as it is. Positions are
// counted within the batch.
type Change struct {
	Stamps       *Stamps
	Mix          *Mix
	Perturbation *Perturbation
}

// Stamps puts triggers on rows of the raw batch: x' = x (1 - l) + m l. Labels stay.
type Stamps struct {
	Rows     []int32 // distinct, at least one
	Masks    []uint8 // l of each row, H*W values of 0 or 1
	Patterns []uint8 // m of each row, C*H*W values
	Add      bool    // append the stamped rows to the batch in place of changing them where they are
}

// Mix mixes every row with a partner, those that Stamps added included.
type Mix struct {
	Partner []int32 // of each row: a position in the batch
	// Lambda in [0, 1] weighs the row's own label against the partner's in the loss.
	Lambda float64
	// Box is the region that CutMix takes from the partner: columns X1 to X2-1, rows
	// Y1 to Y2-1. Without a box the pixels are mixed as the labels are (MixUp).
	Box *Box
}

// Box is a region of an image; it may be empty.
type Box struct{ X1, Y1, X2, Y2 int }

// Perturbation replaces or joins rows by adversarial examples: Steps times
// x <- clip(x + StepSize sign(d loss / d x)), clipped to Epsilon around the row
// and to the range of pixels (Madry et al. 2018, section 2.1; one step of size
// Epsilon is the method of Goodfellow et al. 2015). Lengths are in 8-bit units.
// The attack sees the model as it predicts: with running statistics, which it
// leaves alone.
type Perturbation struct {
	Rows              []int32 // distinct, at least one
	Epsilon, StepSize float64
	Steps             int
	Start             []float32 // offsets to begin with, C*H*W per row; nil begins at the row itself
	Add               bool      // append the examples to the batch in place of the rows
}

// batch is a batch on its way to the model.
type batch struct {
	raw     tensor  // uint8 [n, C, H, W]
	x       tensor  // raw, normalised
	labels  tensor  // int64 [n]
	partner tensor  // labels of the partners, int64 [n]; none without Mix
	lambda  float64 // weight of labels
	size    int
}

// loss is the mean cross-entropy of logits against the (mixed) labels.
func (b *batch) loss(s *scope, logits tensor) tensor {
	own := s.crossEntropy(logits, b.labels)
	if !b.partner.valid() {
		return own
	}
	return s.add(s.scaled(own, b.lambda), s.scaled(s.crossEntropy(logits, b.partner), 1-b.lambda))
}

// changed makes the batch of rows index what change says, ready for the model.
func (t *Trainer) changed(index tensor, size int, change Change) *batch {
	s := t.scope
	b := &batch{raw: s.pick(t.images, index), labels: s.pick(t.labels, index), lambda: 1, size: size}
	if change.Stamps != nil {
		t.stamp(b, change.Stamps)
	}
	b.x = s.normalised(b.raw, tensor{}, t.scale, t.shift)
	if change.Mix != nil {
		t.mix(b, change.Mix)
	}
	if change.Perturbation != nil {
		t.perturb(b, change.Perturbation)
	}
	return b
}

func (t *Trainer) stamp(b *batch, stamps *Stamps) {
	s, m, k := t.scope, t.opt.Model, int64(len(stamps.Rows))
	plane := m.Height * m.WidthPx
	if len(stamps.Masks) != len(stamps.Rows)*plane || len(stamps.Patterns) != len(stamps.Rows)*plane*m.Channels {
		s.fail(fmt.Errorf("torchbridge: stamp: masks of %d and patterns of %d values for %d rows", len(stamps.Masks), len(stamps.Patterns), k))
		return
	}
	mask := make([]bool, len(stamps.Masks))
	for i, l := range stamps.Masks {
		mask[i] = l != 0
	}
	rows := t.positions(stamps.Rows, b.size)
	pattern := upload(s, stamps.Patterns, t.imageShape(int(k)), t.device)
	where := upload(s, mask, []int64{k, 1, int64(m.Height), int64(m.WidthPx)}, t.device)
	b.put(s, rows, stamps.Add, func(b *batch) *tensor { return &b.raw }, s.where(where, pattern, s.pick(b.raw, rows)))
}

// put places rows of changed images into the batch: behind it, with the labels of
// the rows they come from, or where those rows are.
func (b *batch) put(s *scope, rows tensor, add bool, field func(*batch) *tensor, images tensor) {
	target := field(b)
	if !add {
		s.indexCopy(*target, rows, images)
		return
	}
	*target = s.cat(*target, images)
	b.labels = s.cat(b.labels, s.pick(b.labels, rows))
	if b.partner.valid() {
		b.partner = s.cat(b.partner, s.pick(b.partner, rows))
	}
	if s.err() == nil {
		b.size = int(b.labels.shape()[0])
	}
}

func (t *Trainer) mix(b *batch, mix *Mix) {
	s, m := t.scope, t.opt.Model
	if len(mix.Partner) != b.size || !(mix.Lambda >= 0 && mix.Lambda <= 1) {
		s.fail(fmt.Errorf("torchbridge: mix: %d partners and lambda %g for %d rows", len(mix.Partner), mix.Lambda, b.size))
		return
	}
	partner := t.positions(mix.Partner, b.size)
	b.partner, b.lambda = s.pick(b.labels, partner), mix.Lambda
	if mix.Box == nil {
		others := s.scaled(s.pick(b.x, partner), 1-mix.Lambda)
		b.x = s.add(s.scaled(b.x, mix.Lambda), others)
		return
	}
	box := *mix.Box
	if box.X1 < 0 || box.Y1 < 0 || box.X2 > m.WidthPx || box.Y2 > m.Height || box.X1 > box.X2 || box.Y1 > box.Y2 {
		s.fail(fmt.Errorf("torchbridge: mix: box %+v leaves an image of %d x %d pixels", box, m.WidthPx, m.Height))
		return
	}
	if box.X1 == box.X2 || box.Y1 == box.Y2 {
		return
	}
	region := s.narrow(s.narrow(b.x, 2, box.Y1, box.Y2-box.Y1), 3, box.X1, box.X2-box.X1)
	s.copyInto(region, s.pick(region, partner))
}

// perturb makes adversarial examples of rows of the batch.
func (t *Trainer) perturb(b *batch, p *Perturbation) {
	s := t.scope
	size := t.opt.Model.Channels * t.opt.Model.Height * t.opt.Model.WidthPx
	if p.Steps < 1 || !(p.Epsilon > 0) || !(p.StepSize > 0) || p.Start != nil && len(p.Start) != len(p.Rows)*size {
		s.fail(fmt.Errorf("torchbridge: perturb: epsilon %g, step size %g, %d steps, %d offsets for %d rows", p.Epsilon, p.StepSize, p.Steps, len(p.Start), len(p.Rows)))
		return
	}
	rows := t.positions(p.Rows, b.size)
	victims := &batch{labels: s.pick(b.labels, rows), lambda: b.lambda, size: len(p.Rows)}
	if b.partner.valid() {
		victims.partner = s.pick(b.partner, rows)
	}
	origin := s.pick(b.x, rows)
	// Bounds in the network's units: epsilon around the row, within black and white.
	reach := s.scaled(t.scale, p.Epsilon)
	low := s.maximum(s.minus(origin, reach), t.shift)
	high := s.minimum(s.plus(origin, reach), s.plus(s.scaled(t.scale, 255), t.shift))
	step := s.scaled(t.scale, p.StepSize)
	x := origin
	if p.Start != nil {
		start := upload(s, p.Start, t.imageShape(len(p.Rows)), t.device)
		x = s.clamp(s.plus(origin, s.times(start, t.scale)), low, high)
	}
	for range p.Steps {
		x = s.clamp(s.plus(x, s.times(t.inputGradientSign(victims, x), step)), low, high)
	}
	b.put(s, rows, p.Add, func(b *batch) *tensor { return &b.x }, x)
}

// inputGradientSign is sign(d loss / d x) of the model as it predicts. The
// intermediate results are freed.
func (t *Trainer) inputGradientSign(b *batch, x tensor) tensor {
	outer := t.scope
	if outer.err() != nil {
		return tensor{}
	}
	inner := newScope()
	defer inner.reset()
	leaf := inner.requireGrad(inner.detach(x))
	loss := b.loss(inner, t.net.forward(inner, leaf, false))
	into := make([]lib.Ctensor, 1)
	inner.gradients(loss, []lib.Ctensor{leaf.c}, into)
	sign := inner.sign(tensor{into[0]})
	if inner.err() != nil {
		outer.fail(inner.err())
		return tensor{}
	}
	return outer.keep(inner.release(sign))
}

// positions uploads positions within a batch of n rows.
func (t *Trainer) positions(list []int32, n int) tensor {
	wide := make([]int64, len(list))
	for i, p := range list {
		if p < 0 || int(p) >= n {
			t.scope.fail(fmt.Errorf("torchbridge: change: position %d in a batch of %d rows", p, n))
			return tensor{}
		}
		wide[i] = int64(p)
	}
	return upload(t.scope, wide, []int64{int64(len(wide))}, t.device)
}
