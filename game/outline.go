package game

import (
	"backfire/datasets"
	"backfire/triggers"
)

// outline is all of a dataset but its images.
type outline struct {
	name    string
	images  int
	shape   triggers.Shape
	classes []string
}

// outlineOf returns the outline of a dataset.
func outlineOf(set *datasets.Set) outline {
	return outline{name: set.Name, images: set.Len(), shape: shapeOf(set), classes: set.Classes}
}

// Check returns an error for rules that no dataset fits that has a name, a number of
// images of a shape, and classes. It needs no images: it checks what Validate checks
// except the deal. The error wraps ErrRules.
func (r Rules) Check(name string, images int, shape triggers.Shape, classes []string) error {
	if err := r.check(outline{name, images, shape, classes}); err != nil {
		return err
	}
	if n := max(len(r.Attackers), r.Seats); n > images {
		return refuse("%d attackers and honest contributors: %s has %d images, and each of them needs one", n, name, images)
	}
	return nil
}
