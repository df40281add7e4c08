package enginetest

import (
	"backfire/experiments/store"
)

// everything is a request for all artefacts.
var Everything = store.Artefacts{Model: true, Triggers: true, Folder: true, Archive: true, Divergence: true}
