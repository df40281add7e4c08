package config

import (
	"fmt"
	"slices"
	"strings"

	"backfire/defenses"
	"backfire/defenses/filter"
)

// noFilter is the value of a game's filter with which q is 0.
const noFilter = "none"

// filters returns the filters that look at the features of a model, and at nothing else.
func filters() []string {
	return []string{string(filter.SpectralSignatures.Kind), string(filter.ActivationClustering.Kind)}
}

// trainingSettings are settings of filters that are about trainings, which a detector does without.
var trainingSettings = []string{"first", "reclassify"}

// parseDetector reads a filter in the notation of defenders. Settings that it leaves out have the default of the
// defense, whatever the configuration has. The error is a predicate whose subject is the text.
func parseDetector(text string) (defenses.Stack, error) {
	var s defenses.Stack
	parts, err := ParseDefender(text)
	if err != nil {
		return s, err
	}
	if len(parts) != 1 || !slices.Contains(filters(), parts[0].Name) {
		return s, fmt.Errorf("must be %s, with settings of its own in brackets or without: they find images by the features of a model", strings.Join(filters(), " or "))
	}
	kind := defenses.Kind(parts[0].Name)
	if err := s.AddDefault(kind); err != nil {
		return s, err
	}
	for _, own := range parts[0].Own {
		if slices.Contains(trainingSettings, own.Key) {
			return s, fmt.Errorf("has the setting %s, which is about trainings: nothing is trained to find images", own.Key)
		}
		if err := s.Set(kind, own.Key, own.Value); err != nil {
			return s, fmt.Errorf("has a setting that does not exist: %w", err)
		}
	}
	if err := s.Validate(); err != nil {
		return s, fmt.Errorf("is refused: %w", err)
	}
	return s, nil
}

// DetectorStacks returns the stacks of Detectors.
func (a Artefacts) DetectorStacks() []defenses.Stack {
	var stacks []defenses.Stack
	for _, text := range a.Detectors {
		if s, err := parseDetector(text); err == nil { // Config.Validate refuses others
			stacks = append(stacks, s)
		}
	}
	return stacks
}

// detectorsAreKnown refuses what is no filter that looks at features alone.
func detectorsAreKnown(c Config) *fault {
	for _, text := range c.Artefacts.Detectors {
		if _, err := parseDetector(text); err != nil {
			return &fault{key: "artefacts.detectors", value: text, reason: err.Error()}
		}
	}
	return nil
}
