package defenses

import (
	"backfire/defenses/definition"
	"backfire/defenses/mix"
)

// mixing declares the settings of a way to mix the images of a batch with each other.
func mixing() []definition.Setting {
	return []definition.Setting{
		{Key: "alpha", Default: "1", Range: "[0.05,1000]", Help: "lambda is drawn from Beta(alpha, alpha) for every batch; 1 is the uniform distribution"},
		{Key: "probability", Default: "1", Range: "(0,1]", Help: "share of the batches that are mixed"},
	}
}

// mixed returns the settings of both ways to mix, each nil if the stack lacks it. One draw
// chooses between them for each batch.
func (s Stack) mixed() (cut, up *mix.Settings) {
	if c := Get[CutMix](s, KindCutMix); c != nil {
		cut = &c.Settings
	}
	if m := Get[MixUp](s, KindMixUp); m != nil {
		up = &m.Settings
	}
	return cut, up
}

// mixer draws the mixing of the batches of one training.
type mixer struct{ *mix.Mixer }

// newMixer returns what draws the mixing by all ways that the stack of a training has.
func newMixer(t Training) (BatchDrawer, error) {
	cut, up := t.Stack.mixed()
	m, err := mix.NewMixer(cut, up, t.Shape.H, t.Shape.W, t.Seed)
	return mixer{m}, err
}

// Draw draws the mixing of all rows.
func (m mixer) Draw(batch *Batch, epoch, step, n int) int {
	batch.Mix = m.Mixer.Draw(epoch, step, n)
	return n
}

// Treatments returns the number of different ways in which the batches of a
// training are treated: mixed by CutMix, mixed by MixUp, or not mixed.
func (s Stack) Treatments() int { return mix.Treatments(s.mixed()) }
