package game

import "backfire/stats"

// Success holds the rates that measure one attacker's success.
type Success struct {
	// ASR is the attack success rate: the share of the attacker's held-out
	// images, all stamped, that are predicted as its target.
	ASR Rate `json:"asr"`
	// BaseRate is the share of the same images without triggers that are
	// predicted as the target.
	BaseRate Rate `json:"base_rate"`
	// Robustness is the robustness accuracy: the share of the images of ASR that
	// are predicted as their true label.
	Robustness Rate `json:"robustness"`
	// Lift is ASR - BaseRate, in [-1, 1].
	Lift stats.Number `json:"lift"`
}

// Measures holds the rates that a list of predicted probes gives.
type Measures struct {
	Clean     Rate      // standard accuracy, over the probes of the defender
	Attackers []Success // in the order of Rules.Attackers
	Honest    []Rate    // accuracy on the probes of the honest contributors, by ascending seat
}

// Measure measures predictions for some of the probes of a game with the given
// number of classes. predicted holds the prediction for the probe at the same
// position of list. A probe may occur more than once, predicted by several
// models. The readings are those of the rules. For each probe once, the rates
// are those of Score.
func (r Rules) Measure(classes int, list []Probe, predicted []uint8) Measures {
	t := r.tallyProbes(classes, list, predicted)
	m := Measures{Clean: t.defender.correct(noClass)}
	for i := range r.Attackers {
		m.Attackers = append(m.Attackers, r.success(i, t))
	}
	for _, own := range t.honest {
		m.Honest = append(m.Honest, own.correct(noClass))
	}
	return m
}

// probeTallies holds one tally per group of probes, from which every measure
// follows.
type probeTallies struct {
	defender       tally
	clean, stamped []tally // by attacker
	allAttackers   tally   // the held-out images of all attackers without triggers
	honest         []tally // by honest contributor
}

// tallyProbes counts the predictions of each group of probes.
func (r Rules) tallyProbes(classes int, list []Probe, predicted []uint8) probeTallies {
	attackers := len(r.Attackers)
	t := probeTallies{defender: newTally(classes), allAttackers: newTally(classes)}
	for range attackers {
		t.clean, t.stamped = append(t.clean, newTally(classes)), append(t.stamped, newTally(classes))
	}
	for range r.SeatCount() - attackers {
		t.honest = append(t.honest, newTally(classes))
	}
	for i, probe := range list {
		switch {
		case probe.Owner == Defender:
			t.defender.count(probe.Label, predicted[i])
		case probe.Owner >= attackers:
			t.honest[probe.Owner-attackers].count(probe.Label, predicted[i])
		case probe.Trigger == NoTrigger:
			t.clean[probe.Owner].count(probe.Label, predicted[i])
			t.allAttackers.count(probe.Label, predicted[i])
		default:
			t.stamped[probe.Owner].count(probe.Label, predicted[i])
		}
	}
	return t
}

// excluded returns the class whose images are left out of a rate that counts
// predictions of target, or noClass.
func (r Rules) excluded(target int) int {
	if r.ExcludeTargetClass {
		return target
	}
	return noClass
}
