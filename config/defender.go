package config

import (
	"fmt"
	"strings"
)

// DefensePart is one defense of a defender.
type DefensePart struct {
	Name string // of a defense or of a variant of indexing
	// Own holds settings that override the configuration's.
	Own []OwnSetting
}

// OwnSetting is a setting of one defender that overrides the configuration's.
type OwnSetting struct{ Key, Value string }

// String returns the part in the notation that [ParseDefender] reads.
func (p DefensePart) String() string {
	if len(p.Own) == 0 {
		return p.Name
	}
	own := make([]string, len(p.Own))
	for i, s := range p.Own {
		own[i] = s.Key + "=" + s.Value
	}
	return p.Name + "(" + strings.Join(own, " ") + ")"
}

// ParseDefender reads a defender: defenses joined by +, each optionally followed by
// settings of its own in brackets, separated by spaces, as in
// cutmix(alpha=0.2 probability=0.5)+agent_augmentation. It does not check that the
// defenses and settings exist. The error is a predicate whose subject is the text,
// such as "opens a bracket ...", for the caller to complete.
func ParseDefender(text string) ([]DefensePart, error) {
	var parts []DefensePart
	for rest, more := text, true; more; {
		end := strings.IndexAny(rest, "+(")
		if end < 0 || rest[end] == '+' {
			var name string
			name, rest, more = strings.Cut(rest, "+")
			parts = append(parts, DefensePart{Name: name})
			continue
		}
		part := DefensePart{Name: rest[:end]}
		inside, behind, closed := strings.Cut(rest[end+1:], ")")
		if !closed {
			return nil, fmt.Errorf("opens a bracket in %q and does not close it", text)
		}
		for _, setting := range strings.Fields(inside) {
			key, value, ok := strings.Cut(setting, "=")
			if !ok || key == "" || value == "" {
				return nil, fmt.Errorf("has %q in the brackets of %q, where settings as key=value belong, separated by spaces", setting, text)
			}
			part.Own = append(part.Own, OwnSetting{key, value})
		}
		if len(part.Own) == 0 {
			return nil, fmt.Errorf("has nothing in the brackets of %q, where settings as key=value belong", text)
		}
		parts = append(parts, part)
		if rest, more = strings.CutPrefix(behind, "+"); !more && rest != "" {
			return nil, fmt.Errorf("has %q behind a bracket in %q, where only + and another defense may follow", rest, text)
		}
	}
	return parts, nil
}
