package config

import (
	"fmt"
	"slices"

	"backfire/defenses/definition"
)

// largest holds the largest values of whole numbers that decide how long a list is or how
// often something is done. They are far above what can be played, and keep a number of
// another file or of a typing error from filling the memory.
var largest = []struct {
	key    string
	most   int
	values func(Config) []int
}{
	{"attackers.counts", 1_000_000, func(c Config) []int { return c.Attackers.Counts }},
	{"attackers.seats", 1_000_000, func(c Config) []int { return c.Attackers.Seats }},
	{"train.epochs", 1_000_000, func(c Config) []int { return []int{c.Train.Epochs} }},
	{"train.batch", 1 << 20, func(c Config) []int { return []int{c.Train.Batch} }},
	{"indexing.models", 1_000_000, func(c Config) []int { return []int{c.Indexing.Models} }},
	{"indexing.batch", 1 << 20, func(c Config) []int { return []int{c.Indexing.Batch} }},
	{"indexing.unlearn_steps", 1_000_000, func(c Config) []int { return []int{c.Indexing.UnlearnSteps} }},
	{"workers", 65_536, func(c Config) []int { return []int{c.Workers} }},
	{"threads", 4_096, func(c Config) []int { return []int{c.Threads} }},
}

// numbersAreBounded refuses whole numbers that are larger than any use of them.
func numbersAreBounded(c Config) *fault {
	for _, bound := range largest {
		values := bound.values(c)
		if most := slices.Max(append(values, 0)); most > bound.most {
			return &fault{key: bound.key, value: values, reason: fmt.Sprintf("must be at most %d", bound.most)}
		}
	}
	for _, key := range declared() {
		if count, ok := key.valueIn(&c).(int); ok && key.index == nil && count > definition.MaxCount {
			return &fault{key: key.Name, value: count, reason: fmt.Sprintf("must be at most %d", definition.MaxCount)}
		}
	}
	return nil
}
