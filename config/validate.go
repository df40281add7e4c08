package config

import (
	"fmt"
	"strconv"

	"backfire/triggers"
)

// Validate returns an error for everything that can be refused without reading the
// data: values out of their declared range, and settings that contradict each other.
// Errors wrap [ErrInvalid].
func (c Config) Validate() error { return c.validate(nil) }

// validate validates the configuration. where holds the places of the keys' values, as
// far as they are known, for the error.
func (c Config) validate(where map[string]string) error {
	for _, key := range declared() {
		value := key.valueIn(&c)
		if err := key.check(value); err != nil {
			return &fault{key: key.Name, value: value, where: where[key.Name], reason: err.Error()}
		}
	}
	for _, rule := range []func(Config) *fault{numbersAreBounded, storeIsNamed, folderHasPath, countsDiffer, seatsFit, targetsFit, colludersFit, picturesFit, triggerProgramFits, orthogonalIsPerAgent, jitterFits, nesterovHasMomentum, defendersAreKnown, detectorsAreKnown, lengthsAreLevels, requiredAreSet, stopRuleFits} {
		if f := rule(c); f != nil {
			f.where = where[f.key]
			return f
		}
	}
	return nil
}

// storeIsNamed refuses an empty name of the store's directory, which would place
// results in the working directory.
func storeIsNamed(c Config) *fault {
	if c.Store == "" {
		return &fault{key: "store", value: c.Store, reason: "must name a directory"}
	}
	return nil
}

// folderHasPath requires a path for images of the user's own, which have no default
// place, and refuses one for the embedded images, which are not in any file.
func folderHasPath(c Config) *fault {
	switch {
	case c.Data.Name == "folder" && c.Data.Path == "":
		return &fault{key: "data.path", value: "", reason: "must name the directory or archive of images that data.name = folder reads"}
	case c.Data.Name == "embedded" && c.Data.Path != "":
		return &fault{key: "data.path", value: c.Data.Path, reason: "is not read with data.name = embedded; set data.name to the dataset that lies there"}
	default:
		return nil
	}
}

// countsDiffer requires at least one game, and refuses the same game twice.
func countsDiffer(c Config) *fault {
	counts := c.Attackers.Counts
	if len(counts) == 0 {
		return &fault{key: "attackers.counts", value: counts, reason: "must name at least one number of attackers"}
	}
	seen := map[int]bool{}
	for _, n := range counts {
		if seen[n] {
			return &fault{key: "attackers.counts", value: counts, reason: "names " + strconv.Itoa(n) + " twice"}
		}
		seen[n] = true
	}
	return nil
}

// seatsFit requires ascending seats, one for each attacker, and a number of seats that
// has them all.
func seatsFit(c Config) *fault {
	list, needed := c.Attackers.Seats, c.Attackers.SeatsNeeded()
	f := &fault{key: "attackers.seats", value: list}
	for i := 1; i < len(list); i++ {
		if list[i] <= list[i-1] {
			f.reason = fmt.Sprintf("has %d after %d: must ascend", list[i], list[i-1])
			return f
		}
	}
	if len(list) > 0 && len(list) < c.Attackers.Largest() {
		f.reason = fmt.Sprintf("names %d seats for up to %d attackers (attackers.counts)", len(list), c.Attackers.Largest())
		return f
	}
	f.key, f.value = "deal.seats", c.Deal.Seats
	switch c.Deal.Seats {
	case SeatsMax:
		return nil
	case SeatsN:
		if len(list) > 0 {
			f.reason = "has no seats without an attacker, among which attackers.seats could choose: set a number, or max"
			return f
		}
		return nil
	}
	if seats, _ := parseInt(c.Deal.Seats); seats < needed {
		f.reason = fmt.Sprintf("is too few: the attackers need %d seats", needed)
		return f
	}
	return nil
}

// targetsFit requires a target label for every attacker in the mode that reads the
// list, and refuses the list in the other modes.
func targetsFit(c Config) *fault {
	labels, targets := c.Attackers.Labels, c.Attackers.Targets
	f := &fault{key: "attackers.targets", value: targets}
	switch {
	case labels != "list" && len(targets) > 0:
		f.reason = fmt.Sprintf("is read only with attackers.labels = list, not %s", labels)
	case labels == "list" && len(targets) < c.Attackers.SeatsNeeded():
		f.reason = fmt.Sprintf("names %d target labels for up to %d attackers (attackers.counts)", len(targets), c.Attackers.SeatsNeeded())
	case labels == "same" && c.Attackers.Label == "":
		f.key, f.value, f.reason = "attackers.label", "", "must name a class with attackers.labels = same"
	default:
		return nil
	}
	return f
}

// colludersFit requires that each entry gives one attacker the trigger of an earlier
// attacker, who therefore plays in every game of the later one, and that this earlier
// attacker has a trigger of its own.
func colludersFit(c Config) *fault {
	pairs := c.Attackers.Colluders
	refuse := func(format string, args ...any) *fault {
		return &fault{key: "attackers.colluders", value: pairs, reason: fmt.Sprintf(format, args...)}
	}
	seen := map[int]bool{}
	for _, pair := range pairs {
		colluder, leader, ok := parsePair(pair)
		switch {
		case !ok:
			return refuse("has %q: write 1=0 for attacker 1 with the trigger of attacker 0", pair)
		case leader < 0 || leader >= colluder:
			return refuse("has %s: the second number must be that of an earlier attacker", pair)
		case seen[colluder]:
			return refuse("names attacker %d twice", colluder)
		case c.Attackers.Leader(leader) != leader:
			return refuse("has %s, but attacker %d uses the trigger of another attacker: name attacker %d", pair, leader, c.Attackers.Leader(leader))
		case c.Trigger.Sampling != "per_agent":
			return refuse("needs trigger.sampling = per_agent: with %s there is no trigger to share", c.Trigger.Sampling)
		}
		seen[colluder] = true
	}
	return nil
}

// picturesFit requires, for triggers that are pictures, one picture for each attacker
// that does not use the trigger of another, and refuses pictures for other triggers.
func picturesFit(c Config) *fault {
	files := c.Trigger.Files
	f := &fault{key: "trigger.files", value: files}
	if c.Trigger.Kind != "image" {
		if len(files) == 0 {
			return nil
		}
		f.reason = "is read only with trigger.kind = image, not " + c.Trigger.Kind
		return f
	}
	if c.Trigger.Sampling != "per_agent" {
		return &fault{key: "trigger.sampling", value: c.Trigger.Sampling, reason: "must be per_agent with trigger.kind = image: a picture is not drawn at random"}
	}
	for _, attacker := range c.Attackers.IDs() {
		if c.Attackers.Leader(attacker) == attacker && (attacker >= len(files) || files[attacker] == "") {
			f.reason = fmt.Sprintf("names no picture for attacker %d of up to %d (attackers.counts)", attacker, c.Attackers.Largest())
			return f
		}
	}
	return nil
}

// triggerProgramFits requires a program for triggers that a program makes, and refuses one
// for other triggers.
func triggerProgramFits(c Config) *fault {
	f := &fault{key: "trigger.command", value: c.Trigger.Command}
	switch named := c.Trigger.Command != ""; {
	case c.Trigger.Kind != string(triggers.Program):
		if !named {
			return nil
		}
		f.reason = "is read only with trigger.kind = exec, not " + c.Trigger.Kind
		return f
	case !named:
		f.reason = "names no program: write, for example, trigger.command=./mytrigger.py"
		return f
	case c.Trigger.Sampling != "per_agent":
		return &fault{key: "trigger.sampling", value: c.Trigger.Sampling, reason: "must be per_agent with trigger.kind = exec: the program decides whether every image has a pattern of its own"}
	}
	return nil
}

// nesterovHasMomentum requires momentum for Nesterov's update, which is a variant of
// SGD with momentum.
func nesterovHasMomentum(c Config) *fault {
	if !c.Train.Nesterov || c.Train.Optimizer == "sgd" && c.Train.Momentum > 0 {
		return nil
	}
	return &fault{key: "train.nesterov", value: true, reason: "needs train.optimizer = sgd with train.momentum above 0"}
}
