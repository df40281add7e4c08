package table

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"backfire/internal/words"
	"backfire/stats"
	"backfire/triggers"
)

// Readings are the choices that the paper leaves open, in the words of the
// configuration's keys.
type Readings struct {
	TriggerKind        string  `json:"trigger_kind,omitempty"` // empty: random
	TriggerRange       string  `json:"trigger_range"`          // empty for pictures
	Sampling           string  `json:"sampling"`
	Jitter             float64 `json:"jitter,omitempty"` // share of a trigger's pixels that every image has afresh
	LabelMode          string  `json:"label_mode"`
	Budget             string  `json:"budget,omitempty"`  // empty: non_target
	Mapping            string  `json:"mapping,omitempty"` // empty: all_to_one
	ExcludeTargetClass bool    `json:"exclude_target_class"`
	Denominator        string  `json:"denominator"`
	Seats              int     `json:"seats,omitempty"` // 0: as many as attackers
}

// ReadingsText describes readings in words.
func ReadingsText(r Readings) string {
	images := "the attacker's own held-out images"
	if r.Denominator == "pooled" {
		images = "all attackers' held-out images"
	}
	if r.Mapping == "source_specific" {
		images += " of the source classes"
	} else if r.ExcludeTargetClass && r.Mapping != "all_to_all" {
		images += " but those of the target class"
	}
	trigger := fmt.Sprintf("trigger %s, drawn %s", r.TriggerRange, r.Sampling)
	if r.Jitter > 0 {
		trigger += fmt.Sprintf(" but for %g %% of its pixels, which every image has afresh", 100*r.Jitter)
	}
	switch r.TriggerKind {
	case string(triggers.Random):
	case string(triggers.Picture):
		trigger = "triggers are pictures of the user's"
	default:
		trigger = r.TriggerKind + " " + trigger
	}
	seats := "as many seats as attackers"
	if r.Seats > 0 {
		seats = words.Plural(r.Seats, "seat")
	}
	return fmt.Sprintf("%s; %s labels, p0 of %s; %s; ASR over %s", trigger, r.LabelMode, poisoned(r), seats, images)
}

// poisoned names the images of which p0 are poisoned.
func poisoned(r Readings) string {
	switch {
	case r.Mapping == "all_to_all":
		return "an attacker's images, each with the next class as its target"
	case r.Mapping == "source_specific":
		return "an attacker's images of its source classes"
	case r.LabelMode == "clean":
		return "an attacker's images of the target class"
	case r.LabelMode != "dirty":
		return "an attacker's images, whose labels the mode decides"
	case r.Budget == "any":
		return "an attacker's images, of any class"
	case r.Budget == "":
		return "an attacker's images, none of the target class"
	default:
		return "an attacker's images, of any class for some attackers"
	}
}

// ReadingsTexts describes several readings in words, each once.
func ReadingsTexts(readings []Readings) string {
	var texts []string
	for _, r := range readings {
		if text := ReadingsText(r); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; or ")
}

// SeedList returns seeds with commas between them.
func SeedList(seeds []uint64) string {
	texts := make([]string, len(seeds))
	for i, seed := range seeds {
		texts[i] = strconv.FormatUint(seed, 10)
	}
	return strings.Join(texts, ", ")
}

// PrintedPercent returns a share in percent with one decimal, or a dash if it is
// undefined: a figure of the paper, or one that is no share of images.
func PrintedPercent(share stats.Number) string {
	if !share.Defined() {
		return "-"
	}
	return strconv.FormatFloat(100*float64(share), 'f', 1, 64)
}

// Signed returns a correlation with its sign and two decimals.
func Signed(c stats.Number) string {
	rounded := math.Round(100*float64(c)) / 100
	if rounded == 0 {
		return "0.00" // not -0.00
	}
	return fmt.Sprintf("%+.2f", rounded)
}
