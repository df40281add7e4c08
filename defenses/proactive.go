package defenses

import (
	"fmt"
	"slices"

	"backfire/defenses/definition"
	"backfire/game"
	"backfire/internal/streams"
	"backfire/triggers"
)

// ProactiveBackdoor is the proactive defensive backdoor (Wei, Zha and Wu, "Mitigating
// Backdoor Attack by Injecting Proactive Defensive Backdoor", NeurIPS 2024). The
// defender adds stamped copies of its own images, with a frame as the trigger and the
// next class as the label. Every image that the model is asked about is stamped, too,
// and the answer is the class before the predicted one.
type ProactiveBackdoor struct {
	// Share in (0, 1] is the share of the defender's contribution that is copied.
	Share float64 `json:"share" yaml:"share"`
	// Repeat is the number of copies of each of these images, at least 1.
	Repeat int `json:"repeat" yaml:"repeat"`
	// Frame is the width of the trigger, a frame along the border, in pixels.
	Frame int `json:"frame" yaml:"frame"`
	// Level in [0, 255] is the value of the frame's pixels, in 8-bit units.
	Level int `json:"level" yaml:"level"`
	// Shift is the distance from a class to the one that its stamped copies are
	// labelled with, modulo the number of classes; at least 1.
	Shift int `json:"shift" yaml:"shift"`
}

// KindProactiveBackdoor is the name of ProactiveBackdoor.
const KindProactiveBackdoor Kind = "proactive_backdoor"

var proactiveBackdoor = definition.Definition{
	Kind: KindProactiveBackdoor, Stages: []definition.Stage{definition.Data, definition.Answers},
	Summary: "stamped copies of the defender's own images are labelled with the next class; every query is stamped likewise, and the shift of the classes is undone",
	Settings: []definition.Setting{
		{Key: "share", Default: "0.25", Range: "(0,1]", Help: "share of the defender's contribution of which stamped copies are added"},
		{Key: "repeat", Default: "5", Range: "[1,)", Help: "copies of each of these images"},
		{Key: "frame", Default: "1", Range: "[1,)", Help: "width of the trigger, a frame along the border, in pixels"},
		{Key: "level", Default: "255", Range: "[0,255]", Help: "value of the frame's pixels, in 8-bit units"},
		{Key: "shift", Default: "1", Range: "[1,)", Help: "distance from a class to the label of its stamped copies, modulo the number of classes"},
	},
	New: func() any { return new(ProactiveBackdoor) },
}

// Answerer is implemented by the settings of defenses at the stage definition.Answers.
type Answerer interface {
	// Ask returns the images that the model is asked about instead of some images. It
	// does not change these.
	Ask(images []uint8, shape triggers.Shape) []uint8
	// Answer returns the class that a predicted class stands for.
	Answer(class, classes int) int
}

// Fits refuses a share of the defender's images that rounds to none.
func (p *ProactiveBackdoor) Fits(scale Scale) error {
	if round(p.Share, scale.Contributed) == 0 {
		return fmt.Errorf("share is %v: of the defender's %d contributed images that is none", p.Share, scale.Contributed)
	}
	return nil
}

// Change adds Repeat stamped copies of round(Share*m) of the defender's m rows, drawn at
// random, at the end of the training set. Simulated is 0 for them.
func (p *ProactiveBackdoor) Change(t *game.TrainingSet, _ []*triggers.Trigger, classes int, seed uint64) (*Augmented, error) {
	var own []int
	for i, row := range t.Rows {
		if row.Owner == game.Defender {
			own = append(own, i)
		}
	}
	frame := p.trigger(t.Shape)
	changed := &Augmented{
		TrainingSet: &game.TrainingSet{
			Shape: t.Shape, Images: slices.Clone(t.Images), Labels: slices.Clone(t.Labels), Rows: slices.Clone(t.Rows),
		},
		Simulated: slices.Repeat([]int{NotSimulated}, len(t.Rows)),
		Triggers:  []*triggers.Trigger{frame},
	}
	chosen := chooseRows(streams.New(seed, "proactive backdoor"), len(own), round(p.Share, len(own)))
	size := t.Shape.Size()
	for range p.Repeat {
		for _, at := range chosen {
			row := t.Rows[own[at]]
			row.New = uint8((int(row.Old) + p.Shift) % classes)
			begin := len(changed.Images)
			changed.Images = append(changed.Images, t.Images[own[at]*size:(own[at]+1)*size]...)
			frame.Stamp(changed.Images[begin:])
			changed.Rows, changed.Labels = append(changed.Rows, row), append(changed.Labels, row.New)
			changed.Simulated = append(changed.Simulated, 0)
		}
	}
	return changed, nil
}

// trigger returns the frame.
func (p *ProactiveBackdoor) trigger(shape triggers.Shape) *triggers.Trigger {
	frame := &triggers.Trigger{Shape: shape, Box: triggers.Box{W: shape.W, H: shape.H}, Mask: make([]uint8, shape.Plane()), Pattern: make([]uint8, shape.Size())}
	for y := range shape.H {
		for x := range shape.W {
			if min(x, y, shape.W-1-x, shape.H-1-y) >= p.Frame {
				continue
			}
			frame.Mask[y*shape.W+x] = 1
			for c := range shape.C {
				frame.Pattern[c*shape.Plane()+y*shape.W+x] = uint8(p.Level)
			}
		}
	}
	return frame
}

// Ask returns copies of images with the frame.
func (p *ProactiveBackdoor) Ask(images []uint8, shape triggers.Shape) []uint8 {
	asked, frame := slices.Clone(images), p.trigger(shape)
	for begin := 0; begin < len(asked); begin += shape.Size() {
		frame.Stamp(asked[begin : begin+shape.Size()])
	}
	return asked
}

// Answer returns the class that is Shift before the predicted one.
func (p *ProactiveBackdoor) Answer(class, classes int) int {
	return ((class-p.Shift)%classes + classes) % classes
}
