package plan

import (
	"fmt"
	"strings"

	"backfire/config"
	"backfire/defenses"
	"backfire/experiments/cell"
)

// Undefended is the name of the defender without a defense.
const Undefended = defenses.None

// policies returns the defenders of a configuration that have a defense, in its order. The one without is
// played in every configuration. The error wraps ErrPlan and defenses.ErrPolicy.
func policies(cfg config.Config) ([]defenses.Policy, error) {
	var all []defenses.Policy
	for _, name := range cfg.Defenders {
		if name == Undefended {
			continue
		}
		policy, err := policyOf(cfg, name)
		if err != nil {
			return nil, fmt.Errorf("%w: defenders = %s: %w", cell.ErrPlan, name, err)
		}
		all = append(all, policy)
	}
	if err := defenses.ValidateAll(all); err != nil {
		return nil, fmt.Errorf("%w: defenders = %s: %w", cell.ErrPlan, strings.Join(cfg.Defenders, ","), err)
	}
	return all, nil
}

// policyOf returns the defender that a text describes, see config.ParseDefender: its defenses have the settings
// of their sections of the configuration, except those that the text sets. Its name lists them in the order of
// application.
func policyOf(cfg config.Config, text string) (defenses.Policy, error) {
	var p defenses.Policy
	parts, err := config.ParseDefender(text)
	if err != nil {
		return p, fmt.Errorf("%w: it %w", defenses.ErrPolicy, err)
	}
	names := map[defenses.Kind]string{}
	for _, part := range parts {
		kind, err := cfg.AddDefense(&p.Stack, part)
		if err != nil {
			return p, fmt.Errorf("%w: %w", defenses.ErrPolicy, err)
		}
		names[kind] = part.String()
	}
	var ordered []string
	for _, kind := range p.Stack.Kinds() {
		ordered = append(ordered, names[kind])
	}
	p.Name = strings.Join(ordered, "+")
	if p.Stack, err = withProgram(p.Stack); err != nil {
		return p, err
	}
	return p, p.Validate()
}
