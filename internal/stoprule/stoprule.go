// Package stoprule decides after which epoch a training ends early, by the losses of
// its epochs alone.
package stoprule

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ErrRule is wrapped by the refusal of a text that is no rule.
var ErrRule = errors.New("must have the form loss < 0.01 or loss < 0.01 for 2 epochs")

// Rule ends a training after the first epoch that is the last of Epochs epochs in a
// row with a mean training loss below Loss. The zero value never ends a training.
type Rule struct {
	Loss   float64 // above 0
	Epochs int     // at least 1
}

// Parse reads a rule: "loss < 0.01", or "loss < 0.01 for 2 epochs". An empty text is
// the rule that never ends a training. The error wraps ErrRule.
func Parse(text string) (Rule, error) {
	fields := strings.Fields(strings.Replace(text, "<", " < ", 1))
	if len(fields) == 0 {
		return Rule{}, nil
	}
	if len(fields) != 3 && len(fields) != 6 || fields[0] != "loss" || fields[1] != "<" {
		return Rule{}, ErrRule
	}
	r := Rule{Epochs: 1}
	var err error
	if r.Loss, err = strconv.ParseFloat(fields[2], 64); err != nil || !(r.Loss > 0) || math.IsInf(r.Loss, 0) {
		return Rule{}, fmt.Errorf("%w, with a number above 0", ErrRule)
	}
	if len(fields) == 3 {
		return r, nil
	}
	if r.Epochs, err = strconv.Atoi(fields[4]); err != nil || r.Epochs < 1 || fields[3] != "for" || strings.TrimSuffix(fields[5], "s") != "epoch" {
		return Rule{}, fmt.Errorf("%w, with a whole number of epochs, at least 1", ErrRule)
	}
	return r, nil
}

// String returns the rule as Parse reads it. Equal rules have one text.
func (r Rule) String() string {
	if r == (Rule{}) {
		return ""
	}
	text := "loss < " + strconv.FormatFloat(r.Loss, 'g', -1, 64)
	if r.Epochs > 1 {
		text += " for " + strconv.Itoa(r.Epochs) + " epochs"
	}
	return text
}

// Met reports whether a training with these losses, of its epochs so far, has
// fulfilled the rule in its last epoch.
func (r Rule) Met(losses []float64) bool {
	if r.Epochs == 0 || len(losses) < r.Epochs {
		return false
	}
	for _, loss := range losses[len(losses)-r.Epochs:] {
		if !(loss < r.Loss) {
			return false
		}
	}
	return true
}

// End returns the number of epochs after which a training with these losses ends: the
// first after which the rule is met, or all of them; met tells which.
func (r Rule) End(losses []float64) (epochs int, met bool) {
	for n := 1; n <= len(losses); n++ {
		if r.Met(losses[:n]) {
			return n, true
		}
	}
	return len(losses), false
}
