package defenses

import (
	"fmt"
	"strings"
	"unicode"
)

// None is the name of the defender without defenses.
const None = "none"

// Policy is one defender.
type Policy struct {
	Name  string // tells defenders apart in tables
	Stack Stack  // what the defender does
}

// Validate refuses a name that no table can show, "none" for a defender that has
// defenses and another name for one that has none, and whatever Stack.Validate
// refuses. The error wraps ErrPolicy and names the defender.
func (p Policy) Validate() error {
	if err := p.check(); err != nil {
		return fmt.Errorf("defenses: %w: %q: %w", ErrPolicy, p.Name, err)
	}
	return nil
}

// check is Validate without the name.
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

// Fits refuses a game that is too small for the defender; see Stack.Fits. The
// error wraps ErrPolicy and names the defender.
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
