package plan

import (
	"fmt"
	"slices"
	"strings"

	"backfire/config"
	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/defenses/detect"
	"backfire/defenses/indexing"
	"backfire/experiments/cell"
	"backfire/triggers"
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
		kind, err := addDefense(&p.Stack, part.Name, cfg)
		if err != nil {
			return p, fmt.Errorf("%w: %w", defenses.ErrPolicy, err)
		}
		for _, own := range part.Own {
			if err := p.Stack.Set(kind, own.Key, own.Value); err != nil {
				return p, fmt.Errorf("%w: %s: %w", defenses.ErrPolicy, part, err)
			}
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

// addDefense adds the defense of a name to a stack, with the settings of its section of the configuration, and
// returns its kind.
func addDefense(s *defenses.Stack, name string, cfg config.Config) (defenses.Kind, error) {
	if slices.Contains(defenses.IndexingNames(), name) {
		settings := indexingOf(cfg.Indexing, name)
		*s = s.With(defenses.KindIndexing, &settings)
		return defenses.KindIndexing, nil
	}
	kind := defenses.Kind(name)
	if err := s.AddDefault(kind); err != nil {
		return "", err
	}
	settings := cfg.Section(name)
	if drawsTriggers(kind) {
		// Simulated triggers are read as the attackers' are.
		settings = append(settings, config.OwnSetting{Key: "range", Value: cfg.Trigger.Range})
		if cfg.Trigger.Range == string(triggers.Whole) { // which has no box
			settings = append(settings, config.OwnSetting{Key: "p1", Value: "0"})
		}
	}
	for _, setting := range settings {
		if err := s.Set(kind, setting.Key, setting.Value); err != nil {
			return "", fmt.Errorf("%s: %w", kind, err)
		}
	}
	return kind, nil
}

// drawsTriggers reports whether a defense draws triggers of its own.
func drawsTriggers(kind defenses.Kind) bool {
	return slices.ContainsFunc(defenses.Definitions(), func(d definition.Definition) bool { return d.Kind == kind && d.Triggers })
}

// indexingOf returns the settings of one of defenses.IndexingNames.
func indexingOf(c config.Indexing, name string) indexing.Settings {
	var s indexing.Settings
	switch name {
	case defenses.IndexingGrouped:
		s.Mode = indexing.Grouped
	case defenses.IndexingSliced:
		s.Mode = indexing.Sliced
	case defenses.IndexingUnknown:
		s.Unknown = &indexing.Unknown{
			Similarity: detect.Method(c.Similarity), Query: indexing.Form(c.Query), Update: indexing.Update(c.Update),
			Batch: c.Batch, Most: c.Queries, Unlearning: indexing.Unlearning{Steps: c.UnlearnSteps, Rate: c.UnlearnLR},
		}
		if s.Mode = indexing.Exact; s.Unknown.Update == indexing.Pick {
			s.Mode = indexing.Grouped
		}
	default:
		s.Mode = indexing.Mode(c.Mode)
	}
	if s.Mode != indexing.Exact { // which has as many models as there are agents
		s.Models = c.Models
	}
	return s
}
