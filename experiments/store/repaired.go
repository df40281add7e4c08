package store

import (
	"backfire/defenses"
	"backfire/defenses/repair"
)

// Repaired counts what the repair of a trained model did.
type Repaired struct {
	Kind        defenses.Kind `json:"kind"`         // of the repair
	CleanImages int           `json:"clean_images"` // of the defender, which the repair had
	repair.Report
}
