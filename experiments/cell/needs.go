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
	needs := c.DefenseStack().Needs()
	for _, kind := range defenses.Kinds() {
		for _, need := range needs[kind] {
			if c.Model.has(need) {
				continue
			}
			return fmt.Errorf("%s needs %s, which %s lacks: choose another defender, or model.architecture %s",
				kind, need, c.Model.Architecture, strings.Join(networksWith(need), ", "))
		}
	}
	return nil
}

// has reports whether the network has a property that a defense needs.
func (m Model) has(need definition.Need) bool {
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
