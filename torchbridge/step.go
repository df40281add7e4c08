package torchbridge

// recipe is how steps of one form are taken.
type recipe struct {
	form  form
	draws *draws // of the step that is taken
	graph *graph // the step as one launch; nil on the CPU
	warm  int    // steps that were taken one operation after the other
	eager bool   // the step cannot be recorded
}

// recipe returns the recipe of a form; the trainer owns it.
func (t *Trainer) recipe(f form) (*recipe, error) {
	if r, ok := t.recipes[f]; ok {
		return r, nil
	}
	r := &recipe{form: f}
	var err error
	if t.device != cpu {
		if r.graph, err = newGraph(t.device); err != nil {
			return nil, err
		}
	}
	if r.draws, err = newDraws(f, t.opt.Model, t.device); err != nil {
		r.free()
		return nil, err
	}
	t.recipes[f] = r
	return r, nil
}

func (r *recipe) free() {
	if r.draws != nil {
		r.draws.free()
	}
	r.graph.free()
}

// next is the recipe of the next step, on length rows, with what the defense
// draws for it in place.
func (t *Trainer) next(length int) (*recipe, error) {
	var change Change
	if t.opt.Change != nil {
		perEpoch := t.opt.steps()
		change = t.opt.Change(t.step/perEpoch, t.step%perEpoch, length)
	}
	f, err := formOf(change, length, t.opt.Model)
	if err != nil {
		return nil, err
	}
	r, err := t.recipe(f)
	if err != nil {
		return nil, err
	}
	return r, r.draws.write(change, f, t.opt.Model)
}

// advance takes the next step, on length rows: on a GPU as one launch, once such
// a step was recorded.
func (t *Trainer) advance(length int) error {
	r, err := t.next(length)
	if err != nil {
		return err
	}
	recordable := !t.eager && !r.eager && length == t.opt.Train.Batch
	if recordable && !r.graph.recorded && r.warm >= graphWarmUp {
		if err := t.record(r); err != nil {
			r.eager, recordable = true, false
			t.notice("the training step cannot be recorded as a CUDA graph; its operations are launched one by one: " + err.Error())
		}
	}
	if recordable && r.graph.recorded {
		err = r.graph.replay()
	} else {
		err = t.trainBatch(r)
		r.warm++
	}
	if err != nil {
		return err
	}
	t.trained += r.form.size()
	t.step++
	return nil
}

// record records the step of a recipe, without its taking effect. After an error
// nothing of it is left.
func (t *Trainer) record(r *recipe) error {
	t.scope.reset() // the step before has no part in the recording
	return r.graph.record(func() error {
		err := t.trainBatch(r)
		if err != nil {
			t.scope.reset() // its memory goes with the recording
		}
		return err
	})
}

// notice tells the caller of something that only costs time.
func (t *Trainer) notice(message string) {
	if t.opt.Notice != nil {
		t.opt.Notice(message)
	}
}

// trainBatch does one optimiser step on the next rows.
func (t *Trainer) trainBatch(r *recipe) error {
	s := t.scope
	s.reset()
	index, rate := s.nextBatch(t.order, t.rates, t.position, r.form.rows)
	b := t.batch(index, r.form, r.draws)
	logits := t.net.forward(s, b.x, true)
	loss := b.loss(s, logits)
	s.gradients(loss, t.net.paramHandles, t.grads)
	if s.err() != nil {
		return s.err()
	}
	if err := t.optimizer.step(t.net.paramHandles, t.grads, rate); err != nil {
		return err
	}
	s.addScaled(t.lossSum, s.detach(loss), float64(r.form.size()))
	s.add(t.hits, s.sum(s.equal(s.argmax(s.detach(logits)), b.labels), kindInt64))
	return s.err()
}
