package cell

import (
	"fmt"
	"slices"
	"strings"

	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/internal/network"
)

// checkNeeds refuses defenses that need a property that the cell's network lacks.
func (c Cell) checkNeeds() error {
	if kinds := c.DefenseStack().At(definition.Program).Kinds(); len(kinds) > 0 && c.Model.Module.Describes() {
		return fmt.Errorf("%s trains in place of the network, and a module (model.file) is code of the network: choose model.architecture", kinds[0])
	}
	needs := c.DefenseStack().Needs()
	for _, kind := range defenses.Kinds() {
		for _, need := range needs[kind] {
			if c.Model.has(need) {
				continue
			}
			if need == definition.Features {
				return noFeatures(string(kind))
			}
			return fmt.Errorf("%s needs %s, which %s lacks: choose another defender, or model.architecture %s",
				kind, need, c.Model.Architecture, strings.Join(networksWith(need), ", "))
		}
	}
	return nil
}

// noFeatures returns the error of a defense that needs features.
func noFeatures(defense string) error {
	return fmt.Errorf("%s needs %s, which a module (model.file) returns by a method penultimate, and this one has none: add it, or choose another defender",
		defense, definition.Features)
}

// has reports whether the network has a property that a defense needs.
func (m Model) has(need definition.Need) bool {
	if m.Module.Describes() {
		return need == definition.Features && m.Module.Features > 0 || need == definition.Norms && m.Module.Norms
	}
	if need != definition.LastChannels { // all networks end with features and normalise
		return true
	}
	n, err := network.Describe(network.Spec{Architecture: m.Architecture, Stem: m.Stem, Width: m.Width, Channels: 1, Classes: 1})
	return err == nil && n.LastNorm != ""
}

// networksWith returns the networks that have a property.
func networksWith(need definition.Need) []string {
	return slices.DeleteFunc(network.Architectures(), func(name string) bool {
		return !Model{Architecture: name, Width: 1}.has(need)
	})
}
