package plan

import (
	"fmt"
	"slices"
	"strings"

	"backfire/config"
	"backfire/defenses"
	"backfire/defenses/detect"
	"backfire/defenses/indexing"
	"backfire/defenses/mix"
	"backfire/experiments/cell"
	"backfire/triggers"
)

// policies returns the defenders of a configuration that have a defense, in its
// order. The one without is played whatever the configuration says. The error
// wraps ErrPlan and defenses.ErrPolicy.
func policies(cfg config.Config) ([]defenses.Policy, error) {
	var all []defenses.Policy
	for _, name := range cfg.Defenders {
		if name == defenses.None {
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

// policyOf returns the defender that a text describes, see config.ParseDefender:
// its defenses have the configuration's settings but for their own. Its own name has
// them in the order of application.
func policyOf(cfg config.Config, text string) (defenses.Policy, error) {
	var p defenses.Policy
	parts, err := config.ParseDefender(text)
	if err != nil {
		return p, fmt.Errorf("%w: it %w", defenses.ErrPolicy, err)
	}
	names := map[defenses.Kind]string{}
	for _, part := range parts {
		kind := defenses.Kind(part.Name)
		if settings, ok := indexingOf(cfg.Indexing, part.Name); ok {
			kind, p.Stack.Indexing = defenses.KindIndexing, &settings
		} else if !slices.Contains(defenses.Kinds(), kind) {
			return p, fmt.Errorf("%w: there is no defense %q: choose of %v", defenses.ErrPolicy, part.Name, defenses.Kinds())
		} else {
			addDefense(&p.Stack, kind, cfg)
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
	return p, p.Validate()
}

// addDefense gives a stack one of defenses.Kinds with the configuration's
// settings.
func addDefense(s *defenses.Stack, kind defenses.Kind, cfg config.Config) {
	// Simulated triggers are read as the attackers' are.
	spec := func(p1, p2 float64) triggers.Spec {
		return triggers.Spec{P1: p1, P2: p2, Range: triggers.Range(cfg.Trigger.Range)}
	}
	dose := func(share float64, placement string) defenses.Dose {
		return defenses.Dose{Share: share, Placement: defenses.Placement(placement)}
	}
	switch kind {
	case defenses.KindAgentAugmentation:
		c := cfg.AgentAugmentation
		s.AgentAugmentation = &defenses.AgentAugmentation{Agents: c.Agents, Clean: c.Clean, Spec: spec(c.P1, c.P2)}
	case defenses.KindAdversarialTriggers:
		c := cfg.AdversarialTriggers
		s.AdversarialTriggers = &defenses.AdversarialTriggers{Dose: dose(c.Share, c.Placement), Spec: spec(c.P1, c.P2)}
	case defenses.KindCutMix:
		s.CutMix = &mix.Settings{Alpha: cfg.CutMix.Alpha, Probability: cfg.CutMix.Probability}
	case defenses.KindMixUp:
		s.MixUp = &mix.Settings{Alpha: cfg.MixUp.Alpha, Probability: cfg.MixUp.Probability}
	case defenses.KindPGD:
		c := cfg.PGD
		s.PGD = &defenses.PGD{Epsilon: c.Epsilon, Steps: c.Steps, StepSize: c.StepSize, RandomStart: c.RandomStart, Dose: dose(c.Share, c.Placement)}
	case defenses.KindFGSM:
		c := cfg.FGSM
		s.FGSM = &defenses.FGSM{Epsilon: c.Epsilon, Dose: dose(c.Share, c.Placement)}
	}
}

// indexingOf returns the settings of a way of indexing; false if a name is none.
func indexingOf(c config.Indexing, name string) (indexing.Settings, bool) {
	var s indexing.Settings
	switch name {
	case string(defenses.KindIndexing):
		s.Mode = indexing.Mode(c.Mode)
	case config.IndexingGrouped:
		s.Mode = indexing.Grouped
	case config.IndexingSliced:
		s.Mode = indexing.Sliced
	case config.IndexingUnknown:
		s.Unknown = &indexing.Unknown{
			Similarity: detect.Method(c.Similarity), Query: indexing.Form(c.Query), Update: indexing.Update(c.Update),
			Batch: c.Batch, Most: c.Queries, Unlearning: indexing.Unlearning{Steps: c.UnlearnSteps, Rate: c.UnlearnLR},
		}
		if s.Mode = indexing.Exact; s.Unknown.Update == indexing.Pick {
			s.Mode = indexing.Grouped
		}
	default:
		return s, false
	}
	if s.Mode != indexing.Exact { // which has as many models as there are agents
		s.Models = c.Models
	}
	return s, true
}
