package config

import (
	"slices"
	"strings"
	"sync"

	"backfire/defenses"
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
	d, _, _ := defenses.Named(section)
	parts := c.partsOf(d)
	for _, part := range parts {
		if part.reads(setting, c) {
			return ""
		}
	}
	if len(parts) == 0 {
		return "has no effect: no defender has " + section
	}
	return "has no effect with defenders = " + strings.Join(c.Defenders, ",")
}

// allAttack returns the reason why a configuration, which is not a point among others, has no
// honest contributors; empty if it has some, or no defender asks for models without them.
func allAttack(c *Config) string {
	seats := c.Deal.SeatCount(c.Attackers.SeatsNeeded())
	fewer := func(n int) bool { return n < seats }
	if !c.leavesOutHonest() || defenseUnread(c, honestKey) != "" || slices.ContainsFunc(c.Attackers.Counts, fewer) {
		return ""
	}
	return "has no effect: in every game all contributors attack"
}

// noticesOf returns the texts of faults as notices.
func noticesOf(faults []*fault) []string {
	var texts []string
	for _, f := range faults {
		texts = append(texts, strings.TrimPrefix(f.Error(), "config: "))
	}
	return texts
}
