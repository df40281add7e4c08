package datasets

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Class returns the label of a class that is given by its name or, if no class has that
// name, by its position: #3 is label 3. Where no class name is a number, the position
// may be written without the #, as 3. Where some are, a number that is no name would be
// ambiguous, since 3 could mean the class 00003, so it is refused. The error wraps
// [ErrUnknownClass] and lists the classes.
func (s *Set) Class(name string) (int, error) {
	if label := slices.Index(s.Classes, name); label >= 0 {
		return label, nil
	}
	position, marked := strings.CutPrefix(name, "#")
	numbered := slices.ContainsFunc(s.Classes, isNumber)
	if label, err := strconv.Atoi(position); err == nil && strconv.Itoa(label) == position && label >= 0 && label < len(s.Classes) {
		if marked || !numbered {
			return label, nil
		}
		return 0, s.unknown(name, fmt.Sprintf("; as some names are numbers, write #%d for %s, the class at position %d", label, s.Classes[label], label))
	}
	positions := fmt.Sprintf(", or 0 to %d", len(s.Classes)-1)
	if numbered {
		positions = fmt.Sprintf(", or #0 to #%d", len(s.Classes)-1)
	}
	return 0, s.unknown(name, positions)
}

// unknown returns the error for a name that no class has. rest ends its list of classes.
func (s *Set) unknown(name, rest string) error {
	return fmt.Errorf("datasets: class %q: %w: %s has %s%s", name, ErrUnknownClass, s.Name, strings.Join(s.Classes, ", "), rest)
}

// isNumber reports whether a reader could take a class name for a number: digits of any
// script, or a decimal or prefixed number such as -1, 2.0, 1e3 or 0x1F.
func isNumber(name string) bool {
	digits := strings.TrimLeft(name, "+-.")
	if digits == "" || !unicode.IsDigit([]rune(digits)[0]) {
		return false
	}
	if strings.IndexFunc(digits, func(r rune) bool { return !unicode.IsDigit(r) }) < 0 {
		return true
	}
	_, notFloat := strconv.ParseFloat(name, 64)
	_, notWhole := strconv.ParseInt(name, 0, 64)
	return notFloat == nil || notWhole == nil
}
