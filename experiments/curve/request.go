package curve

import (
	"fmt"

	"backfire/internal/words"
)

// Request asks for a learning curve. The zero value asks for none.
type Request struct {
	Every  int `json:"every,omitempty"`  // epochs from one score to the next; 0: no curve
	Images int `json:"images,omitempty"` // held-out images of each attacker that are scored; 0: all
}

// Wants reports whether the curve has a score after an epoch, from 1. It always has one after the last.
func (r Request) Wants(epoch, epochs int) bool {
	return r.Every > 0 && (epoch%r.Every == 0 || epoch == epochs)
}

// And returns the request that answers both requests: scores after all epochs that one of them wants, on the
// larger number of images.
func (r Request) And(other Request) Request {
	switch {
	case r.Every == 0:
		return other
	case other.Every == 0:
		return r
	}
	both := Request{Every: divisor(r.Every, other.Every), Images: max(r.Images, other.Images)}
	if r.Images == 0 || other.Images == 0 {
		both.Images = 0
	}
	return both
}

// divisor returns the greatest common divisor of two positive numbers.
func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Lacks returns what a stored curve lacks of the one that is asked for, as the name of its file with the
// difference; empty if it has all of it.
func (r Request) Lacks(stored Request) string {
	switch {
	case stored.And(r) == stored:
		return ""
	case stored.Every == 0:
		return File
	default:
		return fmt.Sprintf("%s of %s (it has %s)", File, r, stored)
	}
}

// String describes the request: "every 2 epochs on 20 images of each attacker".
func (r Request) String() string {
	images := "all images"
	if r.Images > 0 {
		images = words.Plural(r.Images, "image") + " of each attacker"
	}
	if r.Every == 1 {
		return "every epoch on " + images
	}
	return fmt.Sprintf("every %d epochs on %s", r.Every, images)
}
