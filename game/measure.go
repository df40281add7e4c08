package game

import "backfire/stats"

// Success is what an attacker reached.
type Success struct {
	// ASR is the attack success rate: the share of the attacker's held-out
	// images, all stamped, that are predicted as its target.
	ASR Rate `json:"asr"`
	// BaseRate is the same share of the same images without triggers.
	BaseRate Rate `json:"base_rate"`
	// Robustness is the robustness accuracy: the share of ASR's images that
	// are predicted as their true label.
	Robustness Rate `json:"robustness"`
	// Lift is ASR - BaseRate, in [-1, 1].
	Lift stats.Number `json:"lift"`
}

// Measures are the rates that any predictions of probes give.
type Measures struct {
	Clean     Rate      // standard accuracy: of the probes that the defender held out
	Attackers []Success // in the order of Rules.Attackers
}

// Measure measures predictions for some of the probes of a game with so many
// classes, each with its prediction at the same position; a probe may be there
// more than once, predicted by several models. The readings are those of the
// rules. All probes once give the rates of Score.
func (r Rules) Measure(classes int, list []Probe, predicted []uint8) Measures {
	c := count(len(r.Attackers), classes, list, predicted)
	m := Measures{Clean: c.defender.correct(noClass)}
	for i := range r.Attackers {
		m.Attackers = append(m.Attackers, r.success(i, c))
	}
	return m
}

// grouped holds all that any measure needs: one table of true labels and
// predictions per group of probes.
type grouped struct {
	defender       tally
	clean, stamped []tally // by attacker
	everybody      tally   // all attackers' held-out images without triggers
}

// count sorts probes into groups.
func count(attackers, classes int, list []Probe, predicted []uint8) grouped {
	c := grouped{defender: newTally(classes), everybody: newTally(classes)}
	for range attackers {
		c.clean, c.stamped = append(c.clean, newTally(classes)), append(c.stamped, newTally(classes))
	}
	for i, probe := range list {
		switch {
		case probe.Owner == Defender:
			c.defender.count(probe.Label, predicted[i])
		case probe.Trigger == NoTrigger:
			c.clean[probe.Owner].count(probe.Label, predicted[i])
			c.everybody.count(probe.Label, predicted[i])
		default:
			c.stamped[probe.Owner].count(probe.Label, predicted[i])
		}
	}
	return c
}

// success measures the attacker at a position on the images of its denominator,
// with and without triggers.
func (r Rules) success(position int, c grouped) Success {
	attacked, base := c.stamped[position], c.clean[position]
	if r.Denominator == Pooled {
		attacked, base = c.everybody.replaced(base, attacked), c.everybody
	}
	target := r.Attackers[position].Target
	without := r.excluded(target)
	s := Success{
		ASR: attacked.predictedAs(target, without), BaseRate: base.predictedAs(target, without), Robustness: attacked.correct(without),
	}
	s.Lift = stats.Number(s.ASR.Value() - s.BaseRate.Value())
	return s
}

// excluded returns the class whose images a rate of predictions of target
// leaves out.
func (r Rules) excluded(target int) int {
	if r.ExcludeTargetClass {
		return target
	}
	return noClass
}
