package torchbridge

import (
	"errors"
	"fmt"
	"math"
	"runtime"

	lib "github.com/sugarme/gotch/libtch"

	"backfire/internal/hardware"
	"backfire/internal/network"
)

// A Trainer trains one model and predicts with it.
//
// It belongs to the goroutine that made it and holds that goroutine's OS thread
// until Close. The training set lies on the device as bytes; a step gathers its
// batch, normalises it and updates the weights there, and hits are read
// back once per epoch, the sum of losses every lossCheck steps.
type Trainer struct {
	opt         Options
	net         *resnet
	optimizer   *optimizer
	fused       *fusedSession
	native      *native // computes instead of libtorch's graph; nil: that computes
	scope       *scope
	grads       []lib.Ctensor
	images      tensor // training set, uint8 [n, C, H, W]
	labels      tensor // int64 [n]
	scale       tensor // 1 / (255 std), [1, C, 1, 1]
	shift       tensor // -mean / std, [1, C, 1, 1]
	order       tensor // rows of the epoch, int64 [n]
	rates       tensor // learning rates of the epoch's steps, [steps]
	position    tensor // of the next row and the next step of the epoch, int64 [2]
	lossSum     tensor // over the epoch, of batch means times batch size
	hits        tensor // over the epoch
	trained     int    // rows of the epoch so far, those that a defense added included
	step, total int
	steps       map[stepShape]*step
	recorder    recorder // of the first step, which all steps share the stream with; nil on the CPU
	eager       bool     // no step is to be recorded
	device      cDevice
	claimed     bool // of claimTF32
	closed      bool
}

// EpochStats holds the figures of one pass over the training set.
type EpochStats struct {
	Loss     float64 // mean cross-entropy over the images, each before its own step; summed in float32
	Accuracy float64 // share of images predicted as their own (possibly poisoned) label, likewise
	Images   int     // that went through a step, those that a defense added included
	LR       float64 // of the last step
}

// NewTrainer makes a model with initial weights from opt.Seed. It locks the
// calling goroutine to its OS thread; Close unlocks it. The error wraps
// ErrOptions or hardware.ErrDevice when the caller's choice is at fault.
func NewTrainer(opt Options) (*Trainer, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	device, err := parseDevice(opt.Device)
	if err != nil {
		return nil, err
	}
	if err := opt.checkPrecision(device); err != nil {
		return nil, err
	}
	runtime.LockOSThread()
	t := &Trainer{opt: opt, device: device, scope: newScope(), steps: map[stepShape]*step{}, total: opt.steps() * opt.Train.Epochs}
	if err := t.build(); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

func (t *Trainer) build() error {
	if err := setThreads(t.opt.Threads); err != nil {
		return err
	}
	if err := prepareProcess(); err != nil {
		return err
	}
	if t.device != cpu {
		if err := claimTF32(t.opt.Precision == hardware.TF32); err != nil {
			return err
		}
		t.claimed = true
	}
	if err := t.buildRecorder(); err != nil {
		return err
	}
	err := t.buildNet()
	if err != nil {
		return err
	}
	channels := int64(t.opt.Model.Channels)
	scale, shift := make([]float32, channels), make([]float32, channels)
	for c := range scale {
		scale[c] = 1 / (255 * t.opt.Std[c])
		shift[c] = -t.opt.Mean[c] / t.opt.Std[c]
	}
	perChannel := []int64{1, channels, 1, 1}
	if t.scale, err = newTensor(scale, perChannel, t.device); err != nil {
		return err
	}
	if t.shift, err = newTensor(shift, perChannel, t.device); err != nil {
		return err
	}
	if t.order, err = newZeros([]int64{int64(t.opt.Images)}, kindInt64, t.device); err != nil {
		return err
	}
	if t.rates, err = newZeros([]int64{int64(t.opt.steps())}, kindFloat32, t.device); err != nil {
		return err
	}
	if t.position, err = newZeros([]int64{2}, kindInt64, t.device); err != nil {
		return err
	}
	if t.lossSum, err = newZeros([]int64{1}, kindFloat32, t.device); err != nil {
		return err
	}
	if t.hits, err = newZeros([]int64{1}, kindInt64, t.device); err != nil {
		return err
	}
	if t.opt.isNative(t.device) {
		t.native, err = newNative(t.opt, t.net, t.optimizer, t.scale, t.shift)
	}
	return err
}

// buildNet makes the network and its optimiser.
func (t *Trainer) buildNet() error {
	if err := t.openFused(); err != nil {
		return err
	}
	var err error
	if t.net, err = newResNet(t.opt, t.device, t.fused); err != nil {
		return err
	}
	t.net.bf16 = t.opt.Precision == hardware.BF16
	if t.net.bf16 && t.fused != nil && t.opt.Train.Optimizer == OptimizerSGD {
		if err := t.net.keepCopies(); err != nil {
			return err
		}
	}
	t.optimizer, err = newOptimizer(t.opt.Train, t.net)
	t.grads = make([]lib.Ctensor, len(t.net.params))
	return err
}

// buildRecorder makes the first step, which gives the thread the stream that all other
// work is done on.
func (t *Trainer) buildRecorder() error {
	if t.device != cpu && t.opt.newRecorder == nil {
		t.opt.newRecorder = newGraph
	}
	t.eager = t.opt.newRecorder == nil || t.opt.Eager || t.opt.Model.Architecture == network.Script
	first, err := t.stepOf(stepShape{rows: t.opt.Train.Batch})
	if err != nil {
		return err
	}
	t.recorder = first.graph
	return nil
}

// GraphNodes returns the number of kernels, copies and settings of memory that the plain
// step consists of as a CUDA graph; 0 where it is not recorded.
func (t *Trainer) GraphNodes() (int, error) {
	if t.recorder == nil {
		return 0, nil
	}
	return t.recorder.nodes()
}

// SetThreads sets how many threads of the CPU an operation uses from now on, at least 1. The number
// is the calling thread's own, so that trainers on different threads may have different ones. It
// changes no bit of the native step, and other last bits in libtorch's graph.
func (t *Trainer) SetThreads(n int) error {
	if n < 1 {
		return fmt.Errorf("torchbridge: training: %w: %d threads", ErrOptions, n)
	}
	return setThreads(n)
}

// Close frees everything on the device and unlocks the OS thread. Closing twice
// does nothing.
func (t *Trainer) Close() {
	if t.closed {
		return
	}
	t.closed = true
	t.scope.reset()
	t.native.free()
	if t.optimizer != nil {
		t.optimizer.free()
	}
	if t.net != nil {
		t.net.free()
	}
	t.fused.free()
	for _, owned := range []*tensor{&t.images, &t.labels, &t.scale, &t.shift, &t.order, &t.rates, &t.position, &t.lossSum, &t.hits} {
		owned.free()
	}
	for _, r := range t.steps {
		r.free()
	}
	if t.claimed {
		releaseTF32()
	}
	runtime.UnlockOSThread()
}

var errClosed = errors.New("torchbridge: the trainer is closed")

// Upload puts the training set on the device: Options.Images images in NCHW order
// and as many labels, each below the number of classes.
func (t *Trainer) Upload(images []uint8, labels []uint16) error {
	if t.closed {
		return errClosed
	}
	m := t.opt.Model
	if want := t.opt.Images * m.Channels * m.Height * m.WidthPx; len(images) != want || len(labels) != t.opt.Images {
		return fmt.Errorf("torchbridge: upload: %d bytes and %d labels, want %d and %d", len(images), len(labels), want, t.opt.Images)
	}
	wide := make([]int64, len(labels))
	for i, label := range labels {
		if int(label) >= m.Classes {
			return fmt.Errorf("torchbridge: upload: label %d of image %d is outside 0 to %d", label, i, m.Classes-1)
		}
		wide[i] = int64(label)
	}
	for _, r := range t.steps {
		if err := r.forget(); err != nil {
			return err
		}
	}
	t.images.free()
	t.labels.free()
	var err error
	if t.images, err = newTensor(images, t.imageShape(t.opt.Images), t.device); err != nil {
		return err
	}
	if t.labels, err = newTensor(wide, []int64{int64(len(wide))}, t.device); err != nil {
		t.images.free() // a training set without labels is none
	}
	return err
}

// Epoch trains once on every row of the uploaded set, in the given order, which
// must be a permutation of all rows. onBatch, if not nil, is called after each step
// with the number of images done so far. An error that it returns ends the epoch.
// The error of Epoch wraps that one, or ErrDiverged if a loss is not finite, which
// is checked every lossCheck steps; the model is of no use then. After an error within the epoch, only Restore
// lets the training resume.
func (t *Trainer) Epoch(order []int32, onBatch func(done int) error) (EpochStats, error) {
	if t.closed {
		return EpochStats{}, errClosed
	}
	if !t.images.valid() {
		return EpochStats{}, errors.New("torchbridge: epoch: no training set was uploaded")
	}
	if t.step >= t.total {
		return EpochStats{}, fmt.Errorf("torchbridge: epoch: the model has had its %d epochs", t.opt.Train.Epochs)
	}
	if t.step%t.opt.steps() != 0 {
		return EpochStats{}, errors.New("torchbridge: epoch: the one before broke off; a state must be restored first")
	}
	if err := t.begin(order); err != nil {
		return EpochStats{}, err
	}
	defer t.scope.reset()
	start := 0
	for i := range t.opt.steps() {
		end := t.opt.batchEnd(i)
		if err := t.advance(end - start); err != nil {
			return EpochStats{}, fmt.Errorf("torchbridge: epoch: step %d: %w", t.step, err)
		}
		start = end
		if (i+1)%lossCheck == 0 || i+1 == t.opt.steps() {
			if err := t.checkLoss(i%lossCheck + 1); err != nil {
				return EpochStats{}, err
			}
		}
		if onBatch == nil {
			continue
		}
		if err := onBatch(end); err != nil {
			return EpochStats{}, fmt.Errorf("torchbridge: epoch: %w", err)
		}
	}
	return t.epochStats(t.rate(t.step - 1))
}

// lossCheck is the number of steps between two readings of the sum of losses. A GPU
// waits for the host at each reading. A loss that is not finite stays so.
const lossCheck = 50

// checkLoss returns ErrDiverged if the loss of one of the last steps is not finite.
func (t *Trainer) checkLoss(steps int) error {
	sum, err := read[float32](t.lossSum)
	if err != nil {
		return err
	}
	if total := float64(sum[0]); math.IsNaN(total) || math.IsInf(total, 0) {
		return fmt.Errorf("torchbridge: epoch: %w: the loss became %g in one of the steps %d to %d (learning rate %g in the last)",
			ErrDiverged, total, t.step-steps+1, t.step, t.rate(t.step-1))
	}
	return nil
}

// rate returns the learning rate of a step, counted over all epochs.
func (t *Trainer) rate(step int) float64 {
	return learningRate(t.opt.Train.Schedule, t.opt.Train.LR, step, t.total)
}

// begin uploads all that the steps of an epoch need. Until its end nothing more
// crosses to the device or back, but for what a defense draws and, every
// lossCheck steps, the sum of losses.
func (t *Trainer) begin(order []int32) error {
	rows, err := t.rows(order)
	if err != nil {
		return err
	}
	rates := make([]float32, t.opt.steps())
	for i := range rates {
		rates[i] = float32(t.rate(t.step + i))
	}
	if err := errors.Join(write(t.order, rows), write(t.rates, rates)); err != nil {
		return fmt.Errorf("torchbridge: epoch: %w", err)
	}
	s := t.scope
	defer s.reset()
	for _, counter := range []tensor{t.position, t.lossSum, t.hits} {
		s.zero(counter)
	}
	t.trained = 0
	if err := s.err(); err != nil {
		return fmt.Errorf("torchbridge: epoch: %w", err)
	}
	return nil
}

func (t *Trainer) epochStats(rate float64) (EpochStats, error) {
	loss, err := read[float32](t.lossSum)
	if err != nil {
		return EpochStats{}, err
	}
	hits, err := read[int64](t.hits)
	if err != nil {
		return EpochStats{}, err
	}
	n := float64(t.trained)
	return EpochStats{Loss: float64(loss[0]) / n, Accuracy: float64(hits[0]) / n, Images: t.trained, LR: rate}, nil
}

// rows returns the order after checking that it is a permutation of the rows.
func (t *Trainer) rows(order []int32) ([]int64, error) {
	if len(order) != t.opt.Images {
		return nil, fmt.Errorf("torchbridge: epoch: order of %d rows for %d images", len(order), t.opt.Images)
	}
	wide := make([]int64, len(order))
	seen := make([]bool, len(order))
	for i, row := range order {
		if row < 0 || int(row) >= len(order) || seen[row] {
			return nil, fmt.Errorf("torchbridge: epoch: the order is no permutation: row %d", row)
		}
		seen[row] = true
		wide[i] = int64(row)
	}
	return wide, nil
}

func (t *Trainer) imageShape(n int) []int64 {
	m := t.opt.Model
	return []int64{int64(n), int64(m.Channels), int64(m.Height), int64(m.WidthPx)}
}
