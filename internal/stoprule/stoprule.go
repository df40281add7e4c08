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

// Met reports whether a training has fulfilled the rule in the last of its first n
// epochs. loss returns the loss of an epoch, from 0 on.
func (r Rule) Met(n int, loss func(epoch int) float64) bool {
	if r.Epochs == 0 || n < r.Epochs {
		return false
	}
	for epoch := n - r.Epochs; epoch < n; epoch++ {
		if !(loss(epoch) < r.Loss) {
			return false
		}
	}
	return true
}

// End returns the number of epochs after which a training of n epochs ends: the first
// after which the rule is met, or n; met tells which.
func (r Rule) End(n int, loss func(epoch int) float64) (epochs int, met bool) {
	for epochs := 1; epochs <= n; epochs++ {
		if r.Met(epochs, loss) {
			return epochs, true
		}
	}
	return n, false
}
