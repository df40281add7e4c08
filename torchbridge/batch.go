package torchbridge

import lib "github.com/sugarme/gotch/libtch"

// batch is a batch as the model sees it.
type batch struct {
	x          tensor // normalised images, float32 [n, C, H, W]
	labels     tensor // int64 [n]
	partner    tensor // labels of the partners, int64 [n]; none of a batch that is not mixed
	own, other tensor // weights of labels and partner, float32 [1]
}

// loss is the mean cross-entropy of logits against the (mixed) labels.
func (b *batch) loss(s *scope, logits tensor) tensor {
	own := s.crossEntropy(logits, b.labels)
	if !b.partner.valid() {
		return own
	}
	return s.add(s.times(own, b.own), s.times(s.crossEntropy(logits, b.partner), b.other))
}

// batch gathers the rows index and changes them as steps of form f do, by what d
// holds.
func (t *Trainer) batch(index tensor, f form, d *draws) *batch {
	s := t.scope
	b := &batch{labels: s.pick(t.labels, index)}
	if f.stamped == 0 && f.mixing != boxed {
		b.x = s.normalised(t.images, index, t.scale, t.shift)
	} else {
		b.x = s.normalised(t.rawBatch(b, index, f, d), tensor{}, t.scale, t.shift)
	}
	if f.mixing != unmixed {
		b.partner, b.own, b.other = s.pick(b.labels, d.partner), d.own, d.other
	}
	if f.mixing == blended {
		others := s.times(s.pick(b.x, d.partner), d.other)
		b.x = s.add(s.times(b.x, d.own), others)
	}
	if f.attacked > 0 {
		t.perturb(b, f, d)
	}
	return b
}

// rawBatch gathers the rows index and does what is done to images as bytes.
func (t *Trainer) rawBatch(b *batch, index tensor, f form, d *draws) tensor {
	s := t.scope
	raw := s.pick(t.images, index)
	if f.stamped > 0 {
		stamped := s.where(d.masks, d.patterns, s.pick(raw, d.stamped.rows))
		raw = s.put(raw, stamped, d.stamped)
		b.labels = s.labelled(b.labels, d.stamped)
	}
	if f.mixing == boxed {
		raw = s.where(d.box, s.pick(raw, d.partner), raw)
	}
	return raw
}

// put places the changed rows c of x: behind it, or where they were.
func (s *scope) put(x, changed tensor, c chosen) tensor {
	all := s.cat(x, changed)
	if !c.places.valid() {
		return all
	}
	return s.pick(all, c.places)
}

// labelled is labels with those of the rows c behind, where put puts these there.
func (s *scope) labelled(labels tensor, c chosen) tensor {
	if c.places.valid() {
		return labels
	}
	return s.cat(labels, s.pick(labels, c.rows))
}

// perturb makes adversarial examples of rows of the batch.
func (t *Trainer) perturb(b *batch, f form, d *draws) {
	s := t.scope
	victims := &batch{labels: s.pick(b.labels, d.attacked.rows), own: b.own, other: b.other}
	if b.partner.valid() {
		victims.partner = s.pick(b.partner, d.attacked.rows)
	}
	origin := s.pick(b.x, d.attacked.rows)
	// Bounds in the network's units: epsilon around the row, within black and white.
	reach := s.scaled(t.scale, f.epsilon)
	low := s.maximum(s.minus(origin, reach), t.shift)
	high := s.minimum(s.plus(origin, reach), s.plus(s.scaled(t.scale, 255), t.shift))
	step := s.scaled(t.scale, f.attackStep)
	x := origin
	if f.start {
		x = s.clamp(s.plus(origin, s.times(d.start, t.scale)), low, high)
	}
	for range f.attackSteps {
		x = s.clamp(s.plus(x, s.times(t.inputGradientSign(victims, x), step)), low, high)
	}
	b.x = s.channelsLast(s.put(b.x, x, d.attacked))
	b.labels = s.labelled(b.labels, d.attacked)
	if b.partner.valid() {
		b.partner = s.labelled(b.partner, d.attacked)
	}
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
