package game

import (
	"encoding/json"
	"fmt"
)

// TargetLabel is the one label that an attacker wants for images with its trigger, or
// NoTarget. In JSON, NoTarget is null.
type TargetLabel int

// NoTarget is the target of an attacker that wants another label for each class, see
// AllToAll.
const NoTarget TargetLabel = -1

// TargetLabel returns the one label that the attacker wants.
func (a Attacker) TargetLabel() TargetLabel {
	if a.Mapping == AllToAll {
		return NoTarget
	}
	return TargetLabel(a.Target)
}

// Name returns the name of the class among those of a dataset; empty for NoTarget.
func (l TargetLabel) Name(classes []string) string {
	if l == NoTarget {
		return ""
	}
	return classes[l]
}

// MarshalJSON writes the label as a number or as null.
func (l TargetLabel) MarshalJSON() ([]byte, error) {
	if l == NoTarget {
		return []byte("null"), nil
	}
	return json.Marshal(int(l))
}

// UnmarshalJSON reads a label from 0 on, or null.
func (l *TargetLabel) UnmarshalJSON(text []byte) error {
	label := NoTarget
	var number *int
	if err := json.Unmarshal(text, &number); err != nil {
		return fmt.Errorf("game: parse a target label: %w", err)
	}
	if number != nil {
		label = TargetLabel(*number)
		if label < 0 {
			return fmt.Errorf("game: parse a target label: %w: %d: it must be at least 0, or null", ErrRules, *number)
		}
	}
	*l = label
	return nil
}
