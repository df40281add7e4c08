package cell

import (
	"fmt"

	"backfire/defenses/definition"
	"backfire/internal/hardware"
	"backfire/internal/network"
)

// Short returns the network in a few words, for people: a module by the beginning of its SHA-256, a ResNet-18 with the
// stem for small images by its width alone.
func (m Model) Short() string {
	switch {
	case m.Module.Describes():
		return fmt.Sprintf("module %.12s", m.Module.SHA256)
	case m.Architecture == ResNet18 && m.Stem == "":
		return fmt.Sprintf("width %d", m.Width)
	case m.Stem != "":
		return fmt.Sprintf("%s with stem %s and width %d", m.Architecture, m.Stem, m.Width)
	}
	return fmt.Sprintf("%s of width %d", m.Architecture, m.Width)
}

// validateModule refuses a module that is not identified, and what only other networks have.
func (m Model) validateModule() error {
	switch {
	case m.Architecture != network.Script || !isSHA256(m.Module.SHA256):
		return refuse("%.30q with the module %.70q: %s needs the SHA-256 of a module, and no other network has one", m.Architecture, m.Module.SHA256, network.Script)
	case m.Width != 0 || m.Stem != "" || m.Weights != "":
		return refuse("a module has no width, stem or initial weights of its own: they are part of its file")
	}
	if err := m.Module.Validate(); err != nil {
		return refuse("%v", err)
	}
	return nil
}

// checkModule refuses what a module cannot be trained with.
func (c Cell) checkModule() error {
	if c.Model.Module.Describes() && c.Precision() == hardware.BF16 {
		return refuse("a module (model.file) is not computed in bf16: choose train.precision fp32 or tf32")
	}
	if c.Attribution != nil && !c.Model.has(definition.Features) {
		return noFeatures("indexing_unknown")
	}
	return nil
}
