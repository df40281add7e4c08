package torchbridge

import "errors"

// retryRecording is the smallest number of steps between two attempts at recording a step.
const retryRecording = 50

// step takes the training steps of one shape.
type step struct {
	shape  stepShape
	inputs *stepInputs // of the next step
	graph  recorder    // the step as one launch; nil on the CPU
	warm   int         // number of steps taken one operation after the other
	due    int         // number of those after which the step is recorded
	eager  bool        // the step cannot be recorded
}

// stepOf returns the step of a shape, which the trainer owns.
func (t *Trainer) stepOf(shape stepShape) (*step, error) {
	if known, ok := t.steps[shape]; ok {
		return known, nil
	}
	st := &step{shape: shape, due: graphWarmUp}
	var err error
	if t.opt.newRecorder != nil {
		if st.graph, err = t.opt.newRecorder(t.device); err != nil {
			return nil, err
		}
	}
	if st.inputs, err = newStepInputs(shape, t.opt.Model, t.device); err != nil {
		st.free()
		return nil, err
	}
	t.steps[shape] = st
	return st, nil
}

func (st *step) free() {
	if st.inputs != nil {
		st.inputs.free()
	}
	if st.graph != nil {
		st.graph.free()
	}
}

// forget drops the recording of the step, if there is one.
func (st *step) forget() error {
	if st.graph == nil {
		return nil
	}
	return st.graph.forget()
}

// next returns the next step, on length rows, after writing what the defense draws
// for it to the device.
func (t *Trainer) next(length int) (*step, error) {
	var transform BatchTransform
	if t.opt.Transform != nil {
		perEpoch := t.opt.steps()
		transform = t.opt.Transform(t.step/perEpoch, t.step%perEpoch, length)
	}
	shape, err := stepShapeOf(transform, length, t.opt.Model)
	if err != nil {
		return nil, err
	}
	st, err := t.stepOf(shape)
	if err != nil {
		return nil, err
	}
	return st, st.inputs.write(transform, shape, t.opt.Model)
}

// advance takes the next step, on length rows: by the native network where there is
// one. On a GPU it replays the step as one launch once a step of the same shape was
// recorded.
func (t *Trainer) advance(length int) error {
	st, err := t.next(length)
	if err != nil {
		return err
	}
	if t.native != nil {
		err = t.native.step(t, st.shape, st.inputs)
	} else {
		err = t.launch(st, length)
	}
	if err != nil {
		return err
	}
	t.trained += st.shape.size()
	t.step++
	return nil
}

// launch has libtorch take a step on length rows.
func (t *Trainer) launch(st *step, length int) error {
	recordable := !t.eager && !st.eager && length == t.opt.Train.Batch
	if recordable && !st.graph.recorded() && st.warm >= st.due {
		if err := t.record(st); errors.Is(err, errOtherKernels) {
			return err
		} else if err != nil {
			t.notRecorded(st, err)
			recordable = false
		}
	}
	if recordable && st.graph.recorded() {
		return st.graph.replay()
	}
	st.warm++
	return t.watched(func() error { return t.trainBatch(st) })
}

// notRecorded books that a step could not be recorded: for good, or, where memory ran
// out, until as many steps are taken one operation after the other as were until now, and
// retryRecording at least. Other models may have left by then.
func (t *Trainer) notRecorded(st *step, err error) {
	if errors.Is(err, ErrMemory) {
		st.due = st.warm + max(st.warm, retryRecording)
		t.notice("the device has no memory left to record the training step as a CUDA graph; its operations are launched one by one until there is")
		return
	}
	st.eager = true
	t.notice("the training step cannot be recorded as a CUDA graph; its operations are launched one by one: " + err.Error())
}

// record records a step without taking it. After an error the recording is
// dropped.
func (t *Trainer) record(st *step) error {
	t.scope.reset() // tensors of the step before are no part of the recording
	err := t.watched(func() error {
		return st.graph.record(func() error {
			err := t.trainBatch(st)
			if err != nil {
				t.scope.reset() // its memory is freed with the recording
			}
			return err
		})
	})
	if errors.Is(err, errOtherKernels) {
		err = errors.Join(err, st.graph.forget())
	}
	return err
}

// notice tells the caller of something that only costs time.
func (t *Trainer) notice(message string) {
	if t.opt.Notice != nil {
		t.opt.Notice(message)
	}
}

// trainBatch does one optimiser step on the next rows.
func (t *Trainer) trainBatch(st *step) error {
	s := t.scope
	s.reset()
	index, rate := s.nextBatch(t.order, t.rates, t.position, st.shape.rows)
	b := t.batch(index, st.shape, st.inputs)
	t.net.module.draw(t.opt.Seed, t.step)
	logits := t.net.forward(s, b.x, true)
	loss := b.loss(s, logits)
	s.gradients(loss, t.net.leaves, t.grads)
	if s.err() != nil {
		return s.err()
	}
	if err := t.optimizer.step(t.net.paramHandles, t.grads, rate); err != nil {
		return err
	}
	s.addScaled(t.lossSum, s.detach(loss), float64(st.shape.size()))
	s.add(t.hits, s.sum(s.equal(s.argmax(s.detach(logits)), b.labels), kindInt64))
	return s.err()
}
