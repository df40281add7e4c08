package defenses

import (
	"backfire/defenses/definition"
	"backfire/defenses/indexing"
)

// KindIndexing is the name of agent indexing; see package indexing.
const KindIndexing Kind = "indexing"

// The names of variants of KindIndexing, which a configuration can name in its
// place.
const (
	IndexingGrouped = "indexing_grouped" // mode indexing.Grouped
	IndexingSliced  = "indexing_sliced"  // mode indexing.Sliced
	IndexingUnknown = "indexing_unknown" // queries without an index: indexing.Settings.Unknown is set
)

// agentIndexing has no declared settings: what its section of the configuration holds
// depends on the variant, see package config.
var agentIndexing = definition.Definition{
	Kind: KindIndexing, Variants: []string{IndexingGrouped, IndexingSliced, IndexingUnknown},
	Stages:  []definition.Stage{definition.Models},
	Summary: "each agent's queries are answered by a model that never saw its images",
	New: func() any {
		settings := indexing.Default()
		return &settings
	},
}

// IndexingNames returns the names of agent indexing that a configuration can
// use: KindIndexing, then its variants. A defender has at most one of them.
func IndexingNames() []string {
	return append([]string{string(KindIndexing)}, agentIndexing.Variants...)
}
