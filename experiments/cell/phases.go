package cell

// Phase is a part of the work on a cell.
type Phase string

// The phases, in their order.
const (
	PhaseLoad     Phase = "load"     // the dataset is read; takes no time if the worker still has it from its last cell
	PhaseDeal     Phase = "deal"     // images are dealt, the poisoned ones chosen, triggers drawn
	PhaseStamp    Phase = "stamp"    // training set and probes are made
	PhaseUpload   Phase = "upload"   // the model is made, the training set goes to the device
	PhaseTrain    Phase = "train"    // all epochs
	PhaseEvaluate Phase = "evaluate" // the probes are predicted and scored
)

// Phases lists the phases in their order.
func Phases() []Phase {
	return []Phase{PhaseLoad, PhaseDeal, PhaseStamp, PhaseUpload, PhaseTrain, PhaseEvaluate}
}
