package torchbridge

import lib "github.com/sugarme/gotch/libtch"

// batch holds a batch as the model sees it.
type batch struct {
	x          tensor // normalised images, float32 [n, C, H, W]
	labels     tensor // int64 [n]
	partner    tensor // labels of the partners, int64 [n]; not valid if the batch is not mixed
	own, other tensor // weights of labels and partner, float32 [1]
}

// loss returns the mean cross-entropy of logits against the (mixed) labels.
func (b *batch) loss(s *scope, logits tensor) tensor {
	own := s.crossEntropy(logits, b.labels)
	if !b.partner.valid() {
		return own
	}
	return s.add(s.times(own, b.own), s.times(s.crossEntropy(logits, b.partner), b.other))
}

// batch gathers the rows index and transforms them as steps of the shape do, with
// the values of in.
func (t *Trainer) batch(index tensor, shape stepShape, in *stepInputs) *batch {
	s := t.scope
	b := &batch{labels: s.pick(t.labels, index)}
	if shape.stamped == 0 && shape.mixing != boxed {
		b.x = s.normalised(t.images, index, t.scale, t.shift)
	} else {
		b.x = s.normalised(t.rawBatch(b, index, shape, in), tensor{}, t.scale, t.shift)
	}
	if shape.mixing != unmixed {
		b.partner, b.own, b.other = s.pick(b.labels, in.partner), in.own, in.other
	}
	if shape.mixing == blended {
		others := s.times(s.pick(b.x, in.partner), in.other)
		b.x = s.add(s.times(b.x, in.own), others)
	}
	if shape.attacked > 0 {
		t.perturb(b, shape, in)
	}
	return b
}

// rawBatch gathers the rows index and applies the transforms of images of bytes.
func (t *Trainer) rawBatch(b *batch, index tensor, shape stepShape, in *stepInputs) tensor {
	s := t.scope
	raw := s.pick(t.images, index)
	if shape.stamped > 0 {
		stamped := s.where(in.masks, in.patterns, s.pick(raw, in.stamped.rows))
		raw = s.put(raw, stamped, in.stamped)
		b.labels = s.labelled(b.labels, in.stamped)
	}
	if shape.mixing == boxed {
		raw = s.where(in.box, s.pick(raw, in.partner), raw)
	}
	return raw
}

// put appends the changed rows to x, or replaces the selected rows by them.
func (s *scope) put(x, changed tensor, selected rowSelection) tensor {
	all := s.cat(x, changed)
	if !selected.places.valid() {
		return all
	}
	return s.pick(all, selected.places)
}

// labelled appends the labels of the selected rows to labels if put appends the
// rows.
func (s *scope) labelled(labels tensor, selected rowSelection) tensor {
	if selected.places.valid() {
		return labels
	}
	return s.cat(labels, s.pick(labels, selected.rows))
}

// perturb makes adversarial examples of rows of the batch.
func (t *Trainer) perturb(b *batch, shape stepShape, in *stepInputs) {
	s := t.scope
	victims := &batch{labels: s.pick(b.labels, in.attacked.rows), own: b.own, other: b.other}
	if b.partner.valid() {
		victims.partner = s.pick(b.partner, in.attacked.rows)
	}
	origin := s.pick(b.x, in.attacked.rows)
	// Bounds in the network's units: epsilon around the row, within black and white.
	reach := s.scaled(t.scale, shape.epsilon)
	low := s.maximum(s.minus(origin, reach), t.shift)
	high := s.minimum(s.plus(origin, reach), s.plus(s.scaled(t.scale, 255), t.shift))
	step := s.scaled(t.scale, shape.attackStep)
	x := origin
	if shape.start {
		x = s.clamp(s.plus(origin, s.times(in.start, t.scale)), low, high)
	}
	for range shape.attackSteps {
		x = s.clamp(s.plus(x, s.times(t.inputGradientSign(victims, x), step)), low, high)
	}
	b.x = s.channelsLast(s.put(b.x, x, in.attacked))
	b.labels = s.labelled(b.labels, in.attacked)
	if b.partner.valid() {
		b.partner = s.labelled(b.partner, in.attacked)
	}
}

// inputGradientSign returns sign(d loss / d x) of the model in prediction mode. It
// frees the intermediate results.
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
