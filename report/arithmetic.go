package report

import (
	"fmt"
	"slices"
	"strings"

	"backfire/experiments/store"
	"backfire/internal/words"
)

// arithmetic is a kind of arithmetic, that of machines which train a cell to the same
// bits, and the number of models trained in it.
type arithmetic struct {
	machine store.Machine
	models  int
}

// arithmetics returns the kinds of arithmetic in which the models behind the table were
// trained, the most frequent first. Models without a record of their environment are left
// out.
func (b *builder) arithmetics() []arithmetic {
	if b.opt.Environment == nil {
		return nil
	}
	var kinds []arithmetic
	for _, model := range b.trained() {
		environment, err := b.opt.Environment(model)
		if err != nil || environment == nil {
			continue
		}
		machine := environment.Machine()
		at := slices.IndexFunc(kinds, func(k arithmetic) bool { return k.machine.SameBits(machine) })
		if at < 0 {
			at, kinds = len(kinds), append(kinds, arithmetic{machine: machine})
		}
		kinds[at].models++
	}
	slices.SortStableFunc(kinds, func(a, b arithmetic) int { return b.models - a.models })
	return kinds
}

// arithmeticNote returns a note on models that were trained in different arithmetic, with
// what tells the kinds apart; empty where all were trained in one.
func (b *builder) arithmeticNote() string {
	kinds := b.arithmetics()
	if len(kinds) < 2 {
		return ""
	}
	shared := factors(kinds[0].machine)
	for _, kind := range kinds[1:] {
		own := factors(kind.machine)
		shared = slices.DeleteFunc(shared, func(factor string) bool { return !slices.Contains(own, factor) })
	}
	texts := make([]string, len(kinds))
	for i, kind := range kinds {
		own := slices.DeleteFunc(factors(kind.machine), func(factor string) bool { return slices.Contains(shared, factor) })
		if len(own) == 0 {
			own = []string{"none of these variables set"}
		}
		texts[i] = fmt.Sprintf("%s (%s)", words.Plural(kind.models, "model"), strings.Join(own, ", "))
	}
	return "Mixed arithmetic: the models were trained on machines or with variables that give other last bits, " +
		"so that equal settings may have other figures: " + strings.Join(texts, "; ") + "."
}

// factors returns in words what the bits of a training depend on: the device, the engine,
// threads and variables.
func factors(m store.Machine) []string {
	device := m.CPUModel
	if m.GPU != "" {
		device = m.GPU
	}
	if device == "" {
		device = "device " + m.Device
	}
	all := []string{
		device, fmt.Sprintf("%s %s (%s)", m.Engine.Name, m.Engine.Version, m.Engine.Variant), "kernels for " + m.Engine.CPUCapability,
		fmt.Sprintf("kernels of generation %d", m.Engine.Kernels), words.Plural(m.Threads, "thread"),
	}
	if m.BF16 != "" {
		all = append(all, "bfloat16 by "+m.BF16)
	}
	return append(all, m.Engine.Arithmetic...)
}
