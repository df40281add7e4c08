package config

import (
	"fmt"
	"strconv"
)

// Validate refuses everything that can be refused without the data: values out
// of their declared range and settings that contradict each other. Errors wrap
// [ErrInvalid].
func (c Config) Validate() error { return c.validate(nil) }

// validate is Validate with the place each key's value came from, where known.
func (c Config) validate(where map[string]string) error {
	for _, key := range declared() {
		value := key.valueIn(&c)
		if err := key.check(value); err != nil {
			return &fault{key: key.Name, value: value, where: where[key.Name], reason: err.Error()}
		}
	}
	for _, rule := range []func(Config) *fault{storeIsNamed, folderHasPath, countsDiffer, targetsFit, nesterovHasMomentum} {
		if f := rule(c); f != nil {
			f.where = where[f.key]
			return f
		}
	}
	return nil
}

// storeIsNamed: an empty directory name would scatter results about.
func storeIsNamed(c Config) *fault {
	if c.Store == "" {
		return &fault{key: "store", value: c.Store, reason: "must name a directory"}
	}
	return nil
}

// folderHasPath: there is no usual place for a user's own images, and the
// embedded images lie nowhere else.
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

// countsDiffer: at least one game, none of them twice.
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

// targetsFit: a list of target labels has one for every attacker, and is given
// only where it is read.
func targetsFit(c Config) *fault {
	labels, targets := c.Attackers.Labels, c.Attackers.Targets
	f := &fault{key: "attackers.targets", value: targets}
	switch {
	case labels != "list" && len(targets) > 0:
		f.reason = fmt.Sprintf("is read only with attackers.labels = list, not %s", labels)
	case labels == "list" && len(targets) < c.Attackers.Largest():
		f.reason = fmt.Sprintf("names %d target labels for up to %d attackers (attackers.counts)", len(targets), c.Attackers.Largest())
	case labels == "same" && c.Attackers.Label == "":
		f.key, f.value, f.reason = "attackers.label", "", "must name a class with attackers.labels = same"
	default:
		return nil
	}
	return f
}

// nesterovHasMomentum: Nesterov's update is a variant of SGD with momentum.
func nesterovHasMomentum(c Config) *fault {
	if !c.Train.Nesterov || c.Train.Optimizer == "sgd" && c.Train.Momentum > 0 {
		return nil
	}
	return &fault{key: "train.nesterov", value: true, reason: "needs train.optimizer = sgd with train.momentum above 0"}
}
