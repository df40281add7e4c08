package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"backfire/defenses"
)

// NoDefense is the defender that trains on the pool without a defense.
const NoDefense = defenses.None

// The variants of indexing that a defender can have.
const (
	indexedModels   = string(defenses.KindIndexing) // the mode of indexing.mode
	IndexingGrouped = defenses.IndexingGrouped      // mode grouped
	IndexingSliced  = defenses.IndexingSliced       // mode sliced
	IndexingUnknown = defenses.IndexingUnknown      // queries come without an agent's index
)

// Defenses returns the names of the defenses that a defender can have, in the order in
// which they are applied. The settings of each are in the section of that name.
func Defenses() []string {
	kinds := defenses.Kinds()
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = string(kind)
	}
	return names
}

// defendersAreKnown requires that each defender is none or a sum of different defenses,
// and refuses the same defender twice.
func defendersAreKnown(c Config) *fault {
	refuse := func(reason string) *fault { return &fault{key: "defenders", value: c.Defenders, reason: reason} }
	if len(c.Defenders) == 0 {
		return refuse("must name at least one defender, such as none")
	}
	seen := map[string]bool{}
	for _, defender := range c.Defenders {
		parts, err := ParseDefender(defender)
		if err != nil {
			return refuse(err.Error())
		}
		if reason := wrongParts(defender, parts); reason != "" {
			return refuse(reason)
		}
		texts := make([]string, len(parts))
		for i, part := range parts {
			texts[i] = part.String()
		}
		slices.Sort(texts) // the order of the parts makes no difference
		same := strings.Join(texts, "+")
		if seen[same] {
			return refuse("names " + defender + " twice")
		}
		seen[same] = true
	}
	return nil
}

// wrongParts returns the reason why a defender cannot consist of its parts; empty if it
// can.
func wrongParts(defender string, parts []DefensePart) string {
	if defender == NoDefense {
		return ""
	}
	known := defenses.Names()
	seen, indexed := map[string]bool{}, ""
	for _, part := range parts {
		name := part.Name
		switch {
		case name == NoDefense:
			return fmt.Sprintf("has %s together with a defense in %s: %s stands alone", NoDefense, defender, NoDefense)
		case name == "":
			return fmt.Sprintf("names nothing in %q, where a defense belongs", defender)
		case !slices.Contains(known, name):
			return fmt.Sprintf("has %q, which is not a defense; the nearest one is %s", name, Nearest(name, known))
		case seen[name]:
			return fmt.Sprintf("has %s twice in %s", name, defender)
		case slices.Contains(defenses.IndexingNames(), name) && indexed != "":
			return fmt.Sprintf("has %s beside %s in %s: a defender has one way of indexing", name, indexed, defender)
		case slices.Contains(defenses.IndexingNames(), name):
			indexed = name
		}
		seen[name] = true
	}
	return ""
}

// indexingHasModels requires a number of models in the modes that share models between
// agents, and refuses one in mode exact. Without a defender that indexes it has no
// effect, as other settings of defenses.
func indexingHasModels(c Config) *fault {
	i := c.Indexing
	sharing, indexed := "", false
	for _, defender := range c.Defenders {
		parts, _ := ParseDefender(defender) // defendersAreKnown has checked it
		for _, part := range parts {
			name := part.Name
			indexed = indexed || name == indexedModels || name == IndexingUnknown
			if name == IndexingGrouped || name == IndexingSliced || name == IndexingUnknown && i.Update == "pick" {
				sharing = "defender " + name
			}
		}
	}
	if i.Mode != "exact" {
		sharing = "indexing.mode = " + i.Mode
	}
	switch {
	case sharing == "" && indexed && i.Models != 0:
		return &fault{key: "indexing.models", value: i.Models, reason: "must be 0 with indexing.mode = exact, which trains one model per agent"}
	case sharing != "" && i.Models == 0:
		return &fault{key: "indexing.models", value: i.Models, reason: "must be at least 1 with " + sharing}
	}
	return nil
}

// tooShort reports whether a value of a setting in 8-bit units is so small that it is
// taken for a share of the range from 0 to 1, as other programs write it.
func (k Key) tooShort(value float64) bool { return value > 0 && value < k.levels }

// lengthsAreLevels refuses changes of pixels that are too small for 8-bit units, in the
// settings of defenses and in a defender's own.
func lengthsAreLevels(c Config) *fault {
	for _, key := range declared() {
		if value, ok := key.valueIn(&c).(float64); ok && key.tooShort(value) {
			return &fault{key: key.Name, value: value, reason: notLevels(key, value)}
		}
	}
	for _, defender := range c.Defenders {
		parts, _ := ParseDefender(defender) // defendersAreKnown has checked it
		for _, part := range parts {
			for _, own := range part.Own {
				key, _ := lookup(part.Name + "." + own.Key)
				// A value that is no number is refused where the defense is made.
				if value, err := parseFloat(own.Value); err == nil && key.tooShort(value) {
					return &fault{key: "defenders", value: c.Defenders, reason: "has " + own.Key + "=" + own.Value + " in " + defender + ", which " + notLevels(key, value)}
				}
			}
		}
	}
	return nil
}

// notLevels returns the reason why a change of a pixel is too small.
func notLevels(key Key, value float64) string {
	return fmt.Sprintf("is in 8-bit units, of which a pixel has 255, and must be at least %s; for %s of the range from 0 to 1, write %s",
		number(key.levels), number(value), strconv.FormatFloat(255*value, 'g', 6, 64))
}
