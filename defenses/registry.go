package defenses

import (
	"fmt"
	"slices"

	"backfire/defenses/definition"
	"backfire/defenses/filter"
	"backfire/defenses/repair"
)

// None is the name of the defender without defenses.
const None = "none"

// Kind is the name of a defense in configurations, tables and stored cells.
type Kind = definition.Kind

// registry lists all defenses in the order of application. A new defense is a file
// with its definition and a line here.
var registry = []definition.Definition{
	agentAugmentation,
	adversarialTriggers,
	proactiveBackdoor,
	cutMix,
	mixUp,
	pgd,
	fgsm,
	filter.SpectralSignatures,
	filter.ActivationClustering,
	filter.LossIsolation,
	filter.PerfectFilter,
	repair.FineTuning,
	repair.FinePruning,
	repair.NeuronPruning,
	execProgram,
	agentIndexing,
}

// Definitions returns the definitions of all defenses, in the order of application.
func Definitions() []definition.Definition { return slices.Clone(registry) }

// find returns the definition of a kind, or an error that names all kinds.
func find(kind Kind) (definition.Definition, error) {
	if at := position(kind); at >= 0 {
		return registry[at], nil
	}
	return definition.Definition{}, fmt.Errorf("there is no defense %q: choose one of %v", kind, Kinds())
}

// position returns the position of a kind in the order of application, -1 if there
// is no such kind.
func position(kind Kind) int {
	return slices.IndexFunc(registry, func(d definition.Definition) bool { return d.Kind == kind })
}

// Kinds returns the names of all defenses, in the order of application.
func Kinds() []Kind {
	kinds := make([]Kind, len(registry))
	for i, d := range registry {
		kinds[i] = d.Kind
	}
	return kinds
}

// Names returns all names by which a configuration can name a defense: kinds and
// variants.
func Names() []string {
	var names []string
	for _, d := range registry {
		names = append(names, string(d.Kind))
	}
	for _, d := range registry {
		names = append(names, d.Variants...)
	}
	return names
}

// Default returns the default settings of a defense, of type T. It returns an error for
// an unknown kind and for settings of another type.
func Default[T any](kind Kind) (*T, error) {
	d, err := find(kind)
	if err != nil {
		return nil, err
	}
	settings, ok := d.Default().(*T)
	if !ok {
		return nil, fmt.Errorf("the settings of %s are not of type %T", kind, *new(T))
	}
	return settings, nil
}
