package config

import (
	"fmt"
	"slices"
	"strings"

	"backfire/defenses"
	"backfire/internal/words"
	"backfire/triggers"
)

// effectRule holds, for a key that a configuration does not always read, a function that
// returns the reason why it does not; empty if it reads the key.
type effectRule struct {
	key    string
	reason func(c *Config) string
}

// effectRules are the rules that lead to errors; see also noticeRules.
var effectRules = []effectRule{
	{"attackers.label", labelUnread},
	{"attackers.seats", seatsUnread},
	{"attackers.transfers", func(c *Config) string {
		return unless(c.Attackers.Largest() > 1, "attackers.counts = 1: there are no others")
	}},
	{honestKey, honestUnread},
	{"attackers.targets", func(c *Config) string { return beyond(c, len(c.Attackers.Targets), "target labels") }},
	{"attackers.p", rateUnread},
	{"attackers.p0", func(c *Config) string {
		return unless(len(c.Attackers.PoisonRates) < c.Attackers.SeatsNeeded(), "attackers.poison_rates, which has a value for every attacker")
	}},
	{"attackers.p1", p1Unread},
	{"attackers.p2", func(c *Config) string { return sizeUnread(c, readsP2(c)) }},
	{"attackers.budget", func(c *Config) string {
		return unless(c.Attackers.LabelMode == "dirty", "attackers.label_mode = "+c.Attackers.LabelMode)
	}},
	{"attackers.rates", ratesUnread},
	{"attackers.poison_rates", func(c *Config) string { return listUnread(c, len(c.Attackers.PoisonRates), "rates") }},
	{"attackers.trigger_sizes", func(c *Config) string {
		if len(c.Attackers.TriggerSizes) > 0 && !c.anyKind(triggers.Kind.HasSizes) {
			return unless(false, "trigger.kind = "+c.Trigger.Kind)
		}
		return listUnread(c, len(c.Attackers.TriggerSizes), "sizes")
	}},
	{"attackers.box_sizes", boxSizesUnread},
	{"attackers.pixel_shares", pixelSharesUnread},
	{"attackers.kinds", kindsUnread},
	{"trigger.kind", func(c *Config) string {
		return unless(len(c.Attackers.Kinds) < c.Attackers.SeatsNeeded(), "attackers.kinds, which has a value for every attacker")
	}},
	{"attackers.colluders", colludersUnread},
	{"trigger.files", func(c *Config) string { return beyond(c, len(c.Trigger.Files), "pictures") }},
	{"trigger.version", ofProgram},
	{"trigger.limit", ofProgram},
	{"trigger.range", func(c *Config) string { return unless(readsRange(c), "trigger.kind = "+c.Trigger.Kind) }},
	{"trigger.place", ofPatch},
	{"trigger.colour", ofPatch},
	{"trigger.alpha", ofPatch},
	{"trigger.epsilon", ofAdversarial},
	{"trigger.steps", ofAdversarial},
	{"trigger.step_size", ofAdversarial},
	{"trigger.surrogate_steps", ofAdversarial},
	{"trigger.side", func(c *Config) string {
		if c.anyKind(func(kind triggers.Kind) bool { return kind == triggers.WaNet }) {
			return ""
		}
		return ofPatch(c)
	}},
	{"model.weights", ofBuiltIn},
	{"model.stem", ofBuiltIn},
	{"model.architecture", ofBuiltIn},
	{"attackers.labels", func(c *Config) string {
		return unless(c.Attackers.Mapping != allToAll, "attackers.mapping = "+c.Attackers.Mapping)
	}},
	{"attackers.sources", func(c *Config) string {
		if len(c.Attackers.Sources) == 0 {
			return ""
		}
		return unless(c.Attackers.Mapping == "source_specific", "attackers.mapping = "+c.Attackers.Mapping)
	}},
	{"trigger.min_single_asr", boundUnread},
	{"train.momentum", func(c *Config) string {
		return unless(c.Train.Optimizer == "sgd", "train.optimizer = "+c.Train.Optimizer)
	}},
	{"train.score_images", func(c *Config) string {
		return unless(c.Train.ScoreEvery > 0, "train.score_every = 0: there are no learning curves")
	}},
}

// allToAll is the value of attackers.mapping with which there are no target labels.
const allToAll = "all_to_all"

// ofBuiltIn returns the reason why a key of built-in networks is not read.
func ofBuiltIn(c *Config) string { return unless(c.Model.File == "", "model.file = "+c.Model.File) }

// ofAdversarial returns the reason why a key of adversarial triggers is not read.
func ofAdversarial(c *Config) string {
	return unless(c.Trigger.Kind == string(triggers.Adversarial), "trigger.kind = "+c.Trigger.Kind)
}

// ofPatch returns the reason why a key of patches is not read.
func ofPatch(c *Config) string {
	return unless(c.anyKind(func(kind triggers.Kind) bool { return kind == triggers.Patch }), "trigger.kind = "+c.Trigger.Kind)
}

// ofProgram returns the reason why a key of programs that make triggers is not read.
func ofProgram(c *Config) string {
	return unless(c.Trigger.Kind == string(triggers.Program), "trigger.kind = "+c.Trigger.Kind)
}

// unless returns the reason why a key is not read, unless it is.
func unless(read bool, setting string) string {
	if read {
		return ""
	}
	return "has no effect with " + setting
}

// beyond returns the reason why entries of a list are not read: no game has so many
// attackers.
func beyond(c *Config, entries int, what string) string {
	if needed := c.Attackers.SeatsNeeded(); entries > needed {
		return fmt.Sprintf("has %d %s, but no game has more than %s (attackers.counts)", entries, what, words.Plural(needed, "attacker"))
	}
	return ""
}

// labelUnread returns the reason why the common target label is not read. An empty one
// is none.
func labelUnread(c *Config) string {
	if c.Attackers.Mapping == allToAll {
		return unless(false, "attackers.mapping = "+allToAll)
	}
	return unless(c.Attackers.Labels == "same" || c.Attackers.Label == "", "attackers.labels = "+c.Attackers.Labels)
}

// readsP2 reports whether triggers have a share of perturbed pixels.
func readsP2(c *Config) bool {
	return c.anyKind(func(kind triggers.Kind) bool { return kind.HasSizes() && !kind.CoversBox() })
}

// sizeUnread returns the reason why a common trigger size is not read, given whether the
// kind of triggers has it.
func sizeUnread(c *Config, has bool) string {
	if !has {
		return unless(false, "trigger.kind = "+c.Trigger.Kind)
	}
	return unless(len(c.Attackers.TriggerSizes) < c.Attackers.SeatsNeeded(), "attackers.trigger_sizes, which has a value for every attacker")
}

// readsP reports whether the poison rate or the trigger's size of any attacker from one
// number up to another one is that of p.
func readsP(c *Config, first, end int) bool {
	a := c.Attackers
	rate := a.P0 == nil && len(a.PoisonRates) < end
	size := (a.P1 == nil && readsP1(c) || a.P2 == nil && readsP2(c)) && len(a.TriggerSizes) < end
	return first < end && (rate || size)
}

// replaced returns the reason why p is not read, with the keys that stand for it.
func replaced(c *Config) string {
	if len(c.Attackers.PoisonRates)+len(c.Attackers.TriggerSizes) > 0 {
		return "has no effect: attackers.p0, p1 and p2, poison_rates or trigger_sizes replace it"
	}
	return "has no effect: attackers.p0, p1 and p2 replace it"
}

// rateUnread returns the reason why attackers.p is not read.
func rateUnread(c *Config) string {
	needed := c.Attackers.SeatsNeeded()
	switch {
	case !readsP(c, 0, needed):
		return replaced(c)
	case !readsP(c, len(c.Attackers.Rates), needed):
		return "has no effect: attackers.rates has a value for every attacker"
	default:
		return ""
	}
}

// ratesUnread returns the reason why values of attackers.rates are not read.
func ratesUnread(c *Config) string {
	if n := len(c.Attackers.Rates); n > 0 && !readsP(c, 0, min(n, c.Attackers.SeatsNeeded())) {
		return replaced(c)
	}
	return listUnread(c, len(c.Attackers.Rates), "rates")
}

// listUnread returns the reason why entries of a list by attacker are not read: no game has so many attackers, or
// they sit on other seats.
func listUnread(c *Config, entries int, what string) string {
	listed := func(seat int) bool { return seat < entries }
	if seats := c.Attackers.Seats; entries > 0 && len(seats) >= c.Attackers.Largest() && !slices.ContainsFunc(seats, listed) {
		return fmt.Sprintf("has %s of the first %s, in which no attacker sits (attackers.seats)", what, words.Plural(entries, "seat"))
	}
	return beyond(c, entries, what)
}

// colludersUnread returns the reason why a pair of colluders is not read.
func colludersUnread(c *Config) string {
	largest := c.Attackers.SeatsNeeded()
	for _, pair := range c.Attackers.Colluders {
		if colluder, _, ok := parsePair(pair); ok && colluder >= largest {
			return fmt.Sprintf("has %s, but no game has more than %s, numbered from 0 (attackers.counts)", pair, words.Plural(largest, "attacker"))
		}
	}
	return ""
}

// readsRange reports whether a trigger has a box of drawn size: the attackers', or one
// that a defense simulates.
func readsRange(c *Config) bool {
	if c.anyKind(boxed) {
		return true
	}
	var simulating []string
	for _, d := range defenses.Definitions() {
		if d.Triggers {
			simulating = append(simulating, string(d.Kind))
		}
	}
	for _, defender := range c.Defenders {
		parts, _ := ParseDefender(defender) // defendersAreKnown has checked it
		if slices.ContainsFunc(parts, func(part DefensePart) bool { return slices.Contains(simulating, part.Name) }) {
			return true
		}
	}
	return false
}

// seatsUnread returns the reason why entries of the list of seats are not read.
func seatsUnread(c *Config) string {
	if largest := c.Attackers.Largest(); len(c.Attackers.Seats) > largest {
		return fmt.Sprintf("has %d seats, but no game has more than %s (attackers.counts)", len(c.Attackers.Seats), words.Plural(largest, "attacker"))
	}
	return ""
}

// honestKey is the key that has models left out honest contributors, too.
const honestKey = "indexing.honest"

// leavesOutHonest reports whether a configuration has models left out honest contributors, too.
func (c *Config) leavesOutHonest() bool { return c.Defenses.Get(honestKey) == true }

// honestUnread returns the reason why no model leaves honest contributors out.
func honestUnread(c *Config) string {
	if !c.leavesOutHonest() {
		return ""
	}
	return unless(c.Deal.Seats != SeatsN, "deal.seats = n, where all contributors attack")
}

// boundUnread returns the reason why no trigger has to reach a single ASR.
func boundUnread(c *Config) string {
	switch {
	case c.Trigger.MinSingleASR == 0:
		return ""
	case c.Trigger.Sampling != "per_agent":
		return "has no effect with trigger.sampling = " + c.Trigger.Sampling
	case c.Trigger.PerImage():
		return "has no effect with trigger.jitter = 1: every image has a pattern of its own"
	default:
		return unless(c.Attackers.PlayedAlone() > 0, "attackers.singles = 0: no attacker is played alone")
	}
}

// withoutEffect returns an error for each setting of the user that the configuration
// does not read by some rules. Values that are the default's, or that come from a preset or a sweep of
// the program, are no settings of the user.
func withoutEffect(rules []effectRule, c *Config, sources, where map[string]string) []*fault {
	var faults []*fault
	for _, rule := range rules {
		key, _ := lookup(rule.key)
		source, value := sources[rule.key], key.valueIn(c)
		if source == "default" || strings.HasPrefix(source, "preset ") || strings.HasPrefix(source, "sweep ") || Format(value) == key.Default {
			continue
		}
		if reason := rule.reason(c); reason != "" {
			faults = append(faults, &fault{key: rule.key, value: value, where: where[rule.key], reason: reason})
		}
	}
	return faults
}

// effects collects the settings without effect at the points of a sweep. A sweep may
// have a setting that only some points read.
type effects struct {
	rules  []effectRule
	read   map[string]bool   // key and value that a point reads
	unread map[string]*fault // key and value -> the error at the first point that does not
	order  []string          // the keys of unread, in the order of their points
}

// newEffects returns an empty collection by some rules.
func newEffects(rules []effectRule) effects {
	return effects{rules: rules, read: map[string]bool{}, unread: map[string]*fault{}}
}

// add adds a point. where holds the places of its keys' values.
func (e *effects) add(p *Point, where map[string]string) {
	faults := map[string]*fault{}
	for _, f := range withoutEffect(e.rules, &p.Config, p.Sources, where) {
		faults[f.key] = f
	}
	for _, rule := range e.rules {
		key, _ := lookup(rule.key)
		id := rule.key + "=" + Format(key.valueIn(&p.Config))
		f := faults[rule.key]
		switch {
		// Triggers are verified in games of other settings, which may read the key.
		case f == nil || p.Verify != nil && rule.reason(p.Verify) == "":
			e.read[id] = true
		case e.unread[id] == nil:
			f.where = strings.TrimPrefix(f.where+", point "+p.Name, ", ")
			e.unread[id], e.order = f, append(e.order, id)
		}
	}
}

// faults returns an error for each setting that no point with it reads.
func (e *effects) faults() []*fault {
	var faults []*fault
	for _, id := range e.order {
		if !e.read[id] {
			faults = append(faults, e.unread[id])
		}
	}
	return faults
}
