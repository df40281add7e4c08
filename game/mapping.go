package game

import (
	"slices"

	"backfire/stats"
)

// Mapping selects the labels that an attacker wants for the images with its trigger.
type Mapping string

const (
	// AllToOne wants Target for the images of all classes. It is the default and has no
	// name, so that rules without it keep their spelling.
	AllToOne Mapping = ""
	// AllToAll wants, for an image of class y, the class y + 1, and class 0 for one of
	// the last class (Gu, Dolan-Gavitt and Garg, "BadNets", 2017). Target is 0.
	AllToAll Mapping = "all_to_all"
	// SourceSpecific wants Target for the images of the classes Sources alone. Images of
	// other classes are not poisoned, and do not count for the ASR.
	SourceSpecific Mapping = "source_specific"
)

// wants returns the label that the attacker wants for an image of a class with its
// trigger.
func (a Attacker) wants(label, classes int) int {
	if a.Mapping == AllToAll {
		return (label + 1) % classes
	}
	return a.Target
}

// attacks reports whether the attacker poisons images of a class, with dirty labels.
func (a Attacker) attacks(label int) bool {
	switch a.Mapping {
	case AllToAll:
		return true
	case SourceSpecific:
		return slices.Contains(a.Sources, label)
	}
	return a.Budget == AnyImage || label != a.Target
}

// checkMapping refuses mappings that do not fit the labels, and second spellings of one.
func (a Attacker) checkMapping(classes int) error {
	switch a.Mapping {
	case AllToOne, AllToAll, SourceSpecific:
	default:
		return refuse("attacker %d: mapping is %q: it must be empty, %s or %s", a.ID, a.Mapping, AllToAll, SourceSpecific)
	}
	switch {
	case a.Mapping != AllToOne && (a.LabelMode != DirtyLabel || a.Budget != NonTarget):
		return refuse("attacker %d: mapping %s needs %s labels and the budget of other classes", a.ID, a.Mapping, DirtyLabel)
	case a.Mapping == AllToAll && a.Target != 0:
		return refuse("attacker %d: target label is %d: with mapping %s it must be 0", a.ID, a.Target, AllToAll)
	case a.Mapping == AllToAll && classes < 2:
		return refuse("attacker %d: mapping %s needs 2 classes", a.ID, AllToAll)
	case (a.Mapping == SourceSpecific) != (len(a.Sources) > 0):
		return refuse("attacker %d: %d source classes: mapping %s has at least one, and no other mapping has any", a.ID, len(a.Sources), SourceSpecific)
	}
	for i, source := range a.Sources {
		if source < 0 || source >= classes || source == a.Target || i > 0 && source <= a.Sources[i-1] {
			return refuse("attacker %d: source classes %v: they must be below %d, ascend, and not be the target label %d", a.ID, a.Sources, classes, a.Target)
		}
	}
	return nil
}

// hits returns the share of the images in a tally that are predicted as the attacker
// wants, over those that count.
func (r Rules) hits(a Attacker, t tally) Rate {
	switch a.Mapping {
	case AllToAll:
		return t.rate(noClass, func(label int) int { return a.wants(label, len(t)) })
	case SourceSpecific:
		return t.only(a.Sources).predictedAs(a.Target, noClass)
	}
	return t.predictedAs(a.Target, r.excluded(a.Target))
}

// correctOf returns the share of the images that count for an attacker that are predicted
// as their true label.
func (r Rules) correctOf(a Attacker, t tally) Rate {
	switch a.Mapping {
	case AllToAll:
		return t.correct(noClass)
	case SourceSpecific:
		return t.only(a.Sources).correct(noClass)
	}
	return t.correct(r.excluded(a.Target))
}

// only returns the tally of the images of some classes.
func (t tally) only(labels []int) tally {
	kept := newTally(len(t))
	for _, label := range labels {
		copy(kept[label], t[label])
	}
	return kept
}

// success measures the attacker at a position on the images of its denominator,
// with and without triggers.
func (r Rules) success(position int, t probeTallies) Success {
	attacked, base := t.stamped[position], t.clean[position]
	if r.Denominator == Pooled {
		attacked, base = t.allAttackers.replaced(base, attacked), t.allAttackers
	}
	a := r.Attackers[position]
	s := Success{ASR: r.hits(a, attacked), BaseRate: r.hits(a, base), Robustness: r.correctOf(a, attacked)}
	s.Lift = stats.Number(s.ASR.Value() - s.BaseRate.Value())
	return s
}
