package cell

import "backfire/game"

// Readings are the choices that the paper leaves open, as a game makes them; see the fields of game.Rules.
type Readings struct {
	TriggerKind  string `json:"trigger_kind,omitempty"` // empty: random
	TriggerRange string `json:"trigger_range"`          // empty for pictures
	Sampling     string `json:"sampling"`
	// Jitter is the share of a trigger's pixels that is drawn afresh for every image.
	Jitter             float64 `json:"jitter,omitempty"`
	LabelMode          string  `json:"label_mode"`
	Budget             string  `json:"budget,omitempty"`  // empty: non_target
	Mapping            string  `json:"mapping,omitempty"` // empty: all_to_one
	ExcludeTargetClass bool    `json:"exclude_target_class"`
	Denominator        string  `json:"denominator"`
	// Seats is the number of seats. It is 0, and not written, if there are as many as attackers.
	Seats int `json:"seats,omitempty"`
}

// mixed stands for a reading in which the attackers of a game differ.
const mixed = "mixed"

// ReadingsOf returns the readings of rules with at least one attacker. A reading in which attackers differ is
// "mixed".
func ReadingsOf(rules game.Rules) Readings {
	first := rules.Attackers[0]
	r := Readings{
		TriggerKind: string(first.Trigger.Kind), TriggerRange: string(first.Trigger.Range), LabelMode: string(first.LabelMode),
		Budget: string(first.Budget), Mapping: string(first.Mapping), Sampling: string(rules.Sampling), Jitter: rules.Jitter, Denominator: string(rules.Denominator),
		ExcludeTargetClass: rules.ExcludeTargetClass, Seats: rules.Seats,
	}
	for _, a := range rules.Attackers[1:] {
		if a.Trigger.Kind != first.Trigger.Kind {
			r.TriggerKind = mixed
		}
		if a.Trigger.Range != first.Trigger.Range {
			r.TriggerRange = mixed
		}
		if a.LabelMode != first.LabelMode {
			r.LabelMode = mixed
		}
		if a.Budget != first.Budget {
			r.Budget = mixed
		}
		if a.Mapping != first.Mapping {
			r.Mapping = mixed
		}
	}
	return r
}

// DistinctImages returns the number of images behind the ASRs of several attackers, each
// image counted once, from the number behind each. With the denominator pooled all of
// them are over the same images.
func (r Readings) DistinctImages(each []int) int {
	most, all := 0, 0
	for _, images := range each {
		most, all = max(most, images), all+images
	}
	if r.Denominator == string(game.Pooled) {
		return most
	}
	return all
}
