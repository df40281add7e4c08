package worker

import (
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/stats"
)

// Kind says what an Event tells.
type Kind string

// The kinds of events. A worker process sends the first group, with the cell's
// hash and the worker that has it; a Runner adds the title, handles what it can,
// and passes them on together with its own.
const (
	KindStarted   Kind = "started"   // a worker took the cell: Images per epoch, Epochs
	KindPhase     Kind = "phase"     // it enters Phase
	KindProgress  Kind = "progress"  // Done of Images of this epoch are trained, at most twice a second
	KindEpoch     Kind = "epoch"     // an epoch is over: Metrics
	KindResumed   Kind = "resumed"   // the cell goes on from its checkpoint: Epoch is over, of Epochs, Images
	KindDiscarded Kind = "discarded" // the checkpoint cannot be used and is removed, the cell starts over: Error, Path
	KindNotice    Kind = "notice"    // something costs time and changes no result: Text
	KindDone      Kind = "done"      // the cell is trained and, as a runner tells it, stored: Headline
	KindFailed    Kind = "failed"    // the attempt failed: Error, Final, Full

	KindSpeed Kind = "speed" // a measurement that was asked for goes on: ImagesPerSecond since the last

	KindPlan    Kind = "plan"    // before anything else: Cells, Stored, Workers, IdleCores, TotalImages
	KindRevised Kind = "revised" // results ask for more than was planned: Cells and TotalImages of the whole run now
	KindBroken  Kind = "broken"  // a stored result must not be used: Error, Path where it is now
	KindLacking Kind = "lacking" // a stored result lacks artefacts that are asked for and is trained again: Error
	KindWaiting Kind = "waiting" // another process trains the cell
	KindStored  Kind = "stored"  // another process has stored the cell meanwhile
	KindRetry   Kind = "retry"   // a failed cell goes back to the end of the queue: Error
)

// Event is one thing that happened in a run. Only the fields that its Kind
// names are set. As JSON it is one line of "run --json" and of the protocol
// between runner and worker.
type Event struct {
	Kind   Kind   `json:"event"`
	Cell   string `json:"cell,omitempty"`   // hash
	Title  string `json:"title,omitempty"`  // the cell for people
	Worker int    `json:"worker,omitempty"` // from 1

	Phase  cell.Phase `json:"phase,omitempty"`
	Epoch  int        `json:"epoch,omitempty"` // from 1
	Epochs int        `json:"epochs,omitempty"`
	Images int        `json:"images,omitempty"` // rows of the training set
	Done   int        `json:"done,omitempty"`   // rows done in this epoch

	Metrics         *store.EpochMetrics `json:"metrics,omitempty"`
	ImagesPerSecond float64             `json:"images_per_second,omitempty"`
	Headline        *Headline           `json:"headline,omitempty"`

	Cells       int   `json:"cells,omitempty"`  // in the plan
	Stored      int   `json:"stored,omitempty"` // of them, before the run
	Workers     int   `json:"workers,omitempty"`
	IdleCores   int   `json:"idle_cores,omitempty"`   // of the machine, while these train on the CPU
	TotalImages int64 `json:"total_images,omitempty"` // to train in the other cells, over all epochs

	Text  string `json:"text,omitempty"`
	Error string `json:"error,omitempty"`
	Final bool   `json:"final,omitempty"` // trying again has no use
	Full  bool   `json:"full,omitempty"`  // the disk or the quota is
	Path  string `json:"path,omitempty"`
}

// Headline is the outcome of one cell in a few figures.
type Headline struct {
	CleanAccuracy   stats.Number `json:"clean_accuracy"`
	ASR             stats.Number `json:"asr"`     // mean over the attackers
	Seconds         float64      `json:"seconds"` // of all phases
	ImagesPerSecond float64      `json:"images_per_second"`
}

// Observer is told what happens in a run, one event at a time.
type Observer interface {
	Observe(Event)
}

// ObserverFunc is a function as an Observer.
type ObserverFunc func(Event)

// Observe calls f.
func (f ObserverFunc) Observe(e Event) { f(e) }
