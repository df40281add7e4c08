package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
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
	for _, rule := range []func(Config) *fault{storeIsNamed, folderHasPath, countsDiffer, targetsFit, colludersFit, picturesFit, nesterovHasMomentum, defendersAreKnown, indexingHasModels} {
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

// colludersFit: each entry gives one attacker the trigger of one that comes
// before it, so that both play wherever the first of them does, and that has a
// trigger of its own.
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
			return refuse("has %s, but attacker %d uses another's trigger itself: name attacker %d", pair, leader, c.Attackers.Leader(leader))
		case c.Trigger.Sampling != "per_agent":
			return refuse("needs trigger.sampling = per_agent: with %s there is no trigger to share", c.Trigger.Sampling)
		}
		seen[colluder] = true
	}
	return nil
}

// picturesFit: pictures are given where they are read, one for each attacker that
// does not use another's trigger.
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
		return &fault{key: "trigger.sampling", value: c.Trigger.Sampling, reason: "must be per_agent with trigger.kind = image: a picture is not drawn"}
	}
	for attacker := range c.Attackers.Largest() {
		if c.Attackers.Leader(attacker) == attacker && (attacker >= len(files) || files[attacker] == "") {
			f.reason = fmt.Sprintf("names no picture for attacker %d of up to %d (attackers.counts)", attacker, c.Attackers.Largest())
			return f
		}
	}
	return nil
}

// nesterovHasMomentum: Nesterov's update is a variant of SGD with momentum.
func nesterovHasMomentum(c Config) *fault {
	if !c.Train.Nesterov || c.Train.Optimizer == "sgd" && c.Train.Momentum > 0 {
		return nil
	}
	return &fault{key: "train.nesterov", value: true, reason: "needs train.optimizer = sgd with train.momentum above 0"}
}

// Defenses lists the names that defenders are made of.
func Defenses() []string {
	return []string{"agent_augmentation", "adversarial_triggers", "cutmix", "mixup", "pgd", "fgsm", "indexing"}
}

// The ways of indexing that a defender can have.
const (
	Indexed         = "indexing"         // as indexing.mode says
	IndexingGrouped = "indexing_grouped" // mode grouped
	IndexingSliced  = "indexing_sliced"  // mode sliced
	IndexingUnknown = "indexing_unknown" // asked without an agent's index
)

// indexings lists the names of indexing.
func indexings() []string {
	return []string{Indexed, IndexingGrouped, IndexingSliced, IndexingUnknown}
}

// NoDefense is the defender that trains on the pool as it is.
const NoDefense = "none"

// defendersAreKnown: each defender is none or a sum of different defenses, and no
// two are the same.
func defendersAreKnown(c Config) *fault {
	refuse := func(reason string) *fault { return &fault{key: "defenders", value: c.Defenders, reason: reason} }
	if len(c.Defenders) == 0 {
		return refuse("must name at least one defender, such as none")
	}
	seen := map[string]bool{}
	words := append(Defenses(), indexings()[1:]...)
	for _, defender := range c.Defenders {
		parts, err := ParseDefender(defender)
		if err != nil {
			return refuse(err.Error())
		}
		var names, whole []string
		for _, part := range parts {
			names, whole = append(names, part.Name), append(whole, part.String())
		}
		indexed := ""
		for i, name := range names {
			isIndexing := slices.Contains(indexings(), name)
			switch {
			case defender == NoDefense:
			case name == NoDefense:
				return refuse(fmt.Sprintf("adds %s to something in %s: %s stands alone", NoDefense, defender, NoDefense))
			case name == "":
				return refuse(fmt.Sprintf("names nothing in %q, where a defense belongs", defender))
			case !slices.Contains(words, name):
				return refuse(fmt.Sprintf("has %q, which is no defense; the nearest one is %s", name, Nearest(name, words)))
			case slices.Contains(names[:i], name):
				return refuse(fmt.Sprintf("has %s twice in %s", name, defender))
			case isIndexing && indexed != "":
				return refuse(fmt.Sprintf("has %s beside %s in %s: a defender has one way of indexing", name, indexed, defender))
			}
			if isIndexing {
				indexed = name
			}
		}
		slices.Sort(whole)
		same := strings.Join(whole, "+")
		if seen[same] {
			return refuse("names " + defender + " twice")
		}
		seen[same] = true
	}
	return nil
}

// indexingHasModels: only the modes that share models between agents have a number
// of them. Where nobody indexes, it says nothing, as other settings of defenses do.
func indexingHasModels(c Config) *fault {
	i := c.Indexing
	whose, indexed := "", false
	for _, defender := range c.Defenders {
		parts, _ := ParseDefender(defender) // defendersAreKnown has seen it
		for _, part := range parts {
			name := part.Name
			indexed = indexed || name == Indexed || name == IndexingUnknown
			if name == IndexingGrouped || name == IndexingSliced || name == IndexingUnknown && i.Update == "pick" {
				whose = "defender " + name
			}
		}
	}
	if i.Mode != "exact" {
		whose = "indexing.mode = " + i.Mode
	}
	switch {
	case whose == "" && indexed && i.Models != 0:
		return &fault{key: "indexing.models", value: i.Models, reason: "must be 0 with indexing.mode = exact, which trains one model per agent"}
	case whose != "" && i.Models == 0:
		return &fault{key: "indexing.models", value: i.Models, reason: "must be at least 1 with " + whose}
	}
	return nil
}
