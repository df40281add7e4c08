package defenses

import (
	"fmt"
	"strings"
	"unicode"
)

// Policy is one defender.
type Policy struct {
	Name  string // identifies the defender in tables
	Stack Stack  // its defenses
}

// Validate returns an error for a name that does not fit into a table, for the
// name None if the defender has defenses and any other name if it has none, and
// for a stack that Stack.Validate refuses. The error wraps ErrPolicy and names the
// defender.
func (p Policy) Validate() error {
	if err := p.check(); err != nil {
		return fmt.Errorf("defenses: %w: %q: %w", ErrPolicy, p.Name, err)
	}
	return nil
}

// check implements Validate without wrapping the error.
func (p Policy) check() error {
	switch {
	case strings.TrimSpace(p.Name) == "" || strings.TrimSpace(p.Name) != p.Name:
		return fmt.Errorf("the name must not be empty, nor begin or end with a space")
	case strings.ContainsFunc(p.Name, unicode.IsControl):
		return fmt.Errorf("the name must be one line of text")
	case p.Name == None && !p.Stack.Empty():
		return fmt.Errorf("the stack has %s: a defender with defenses needs another name", p.Stack)
	case p.Name != None && p.Stack.Empty():
		return fmt.Errorf("the stack is empty: the defender without defenses is called %q", None)
	}
	return p.Stack.Validate()
}

// Fits returns an error if a game is too small for the defender; see Stack.Fits.
// The error wraps ErrPolicy and names the defender.
func (p Policy) Fits(scale Scale) error {
	if err := p.Stack.Fits(scale); err != nil {
		return fmt.Errorf("defenses: %w: %q: %w", ErrPolicy, p.Name, err)
	}
	return nil
}

// ValidateAll validates the defenders of one game, whose names must differ. The
// error wraps ErrPolicy.
func ValidateAll(policies []Policy) error {
	seen := map[string]bool{}
	for _, p := range policies {
		if err := p.Validate(); err != nil {
			return err
		}
		if seen[p.Name] {
			return fmt.Errorf("defenses: %w: two defenders are called %q: names must differ", ErrPolicy, p.Name)
		}
		seen[p.Name] = true
	}
	return nil
}
