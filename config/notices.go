package config

import (
	"slices"
	"strings"
	"sync"

	"backfire/defenses"
	"backfire/defenses/indexing"
)

// noticeRules are the rules of the settings of defenses. They lead to notices and not to errors: a
// file may keep such settings for defenders that are added later.
var noticeRules = sync.OnceValue(func() []effectRule {
	var rules []effectRule
	for _, key := range declared() {
		section, _, _ := strings.Cut(key.Name, ".")
		if slices.Contains(Defenses(), section) {
			rules = append(rules, effectRule{key.Name, func(c *Config) string { return defenseUnread(c, key.Name) }})
		}
	}
	return rules
})

// defenseUnread returns the reason why no defender reads a setting of a defense; empty if
// one does.
func defenseUnread(c *Config, key string) string {
	section, setting, _ := strings.Cut(key, ".")
	present := false
	for _, defender := range c.Defenders {
		parts, _ := ParseDefender(defender) // defendersAreKnown has checked it
		for _, part := range parts {
			if part.Name != section && !(section == indexedModels && slices.Contains(defenses.IndexingNames(), part.Name)) {
				continue
			}
			present = true
			if part.reads(setting, c) {
				return ""
			}
		}
	}
	if !present {
		return "has no effect: no defender has " + section
	}
	return "has no effect with defenders = " + strings.Join(c.Defenders, ",")
}

// allAttack returns the reason why a configuration, which is not a point among others, has no
// honest contributors; empty if it has some, or no defender asks for models without them.
func allAttack(c *Config) string {
	seats := c.Deal.SeatCount(c.Attackers.SeatsNeeded())
	fewer := func(n int) bool { return n < seats }
	if !c.Indexing.Honest || defenseUnread(c, "indexing.honest") != "" || slices.ContainsFunc(c.Attackers.Counts, fewer) {
		return ""
	}
	return "has no effect: in every game all contributors attack"
}

// reads reports whether a part of a defender takes a setting of its defense from the
// configuration.
func (p DefensePart) reads(setting string, c *Config) bool {
	if _, own := p.own(setting); own {
		return false
	}
	if !slices.Contains(defenses.IndexingNames(), p.Name) {
		return true
	}
	orElse := func(setting, otherwise string) string {
		if value, ok := p.own(setting); ok {
			return value
		}
		return otherwise
	}
	switch setting {
	case "honest":
		return true
	case "mode":
		return p.Name == indexedModels
	case "models":
		switch p.Name {
		case indexedModels:
			return orElse("mode", c.Indexing.Mode) != string(indexing.Exact)
		case IndexingUnknown:
			return orElse("update", c.Indexing.Update) == string(indexing.Pick)
		default:
			return true
		}
	default:
		return p.Name == IndexingUnknown
	}
}

// own returns the value that a part has of its own for a setting; false if it has none.
func (p DefensePart) own(setting string) (string, bool) {
	i := slices.IndexFunc(p.Own, func(s OwnSetting) bool { return s.Key == setting })
	if i < 0 {
		return "", false
	}
	return p.Own[i].Value, true
}

// noticesOf returns the texts of faults as notices.
func noticesOf(faults []*fault) []string {
	var texts []string
	for _, f := range faults {
		texts = append(texts, strings.TrimPrefix(f.Error(), "config: "))
	}
	return texts
}
