package worker

import (
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/stats"
)

// Kind is the kind of an Event.
type Kind string

// The kinds of events, with the fields that are set. A worker process sends the first group and
// KindSpeed, each with the cell's hash and the worker's number. A runner adds the title and passes
// on the first group together with its own events, the last group.
const (
	KindStarted   Kind = "started"   // a worker began the cell: Images per epoch, Epochs
	KindPhase     Kind = "phase"     // the worker enters Phase
	KindProgress  Kind = "progress"  // Done of Images of this epoch are trained; at most twice a second
	KindEpoch     Kind = "epoch"     // an epoch is complete: Metrics; the last one has the number Epochs
	KindResumed   Kind = "resumed"   // the cell resumes from a checkpoint after Epoch of Epochs: Images
	KindDiscarded Kind = "discarded" // a checkpoint cannot be used and is removed: Error, Path
	KindNotice    Kind = "notice"    // a condition costs time and changes no result: Text
	KindDone      Kind = "done"      // the cell is trained and, from a runner, stored: Headline
	KindFailed    Kind = "failed"    // the attempt failed: Error, Final, Full, OutOfMemory, Stopped

	KindSpeed Kind = "speed" // a Measure continues: ImagesPerSecond since the last

	KindPlan      Kind = "plan"      // the first event: Cells, Stored, Workers, IdleCores, TotalImages
	KindRevised   Kind = "revised"   // results changed the plan: Cells and TotalImages of the whole run
	KindBroken    Kind = "broken"    // a stored result is damaged and was set aside: Error, Path where it is now
	KindCompleted Kind = "completed" // a stored result lacks requested artefacts and gets them without a training: Error
	KindLacking   Kind = "lacking"   // a stored result lacks requested artefacts and is trained again: Error
	KindWaiting   Kind = "waiting"   // another process trains the cell
	KindStored    Kind = "stored"    // another process has stored the cell
	KindRetry     Kind = "retry"     // a failed cell returns to the end of the queue: Error, Full
)

// Event is one thing that happened in a run. Only the fields that its Kind names are set. As JSON
// it is one line of "run --json" and of the protocol between runner and worker.
type Event struct {
	Kind   Kind   `json:"event"`
	Cell   string `json:"cell,omitempty"`   // hash
	Title  string `json:"title,omitempty"`  // describes the cell
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
	Stored      int   `json:"stored,omitempty"` // of them, stored before the run
	Workers     int   `json:"workers,omitempty"`
	IdleCores   int   `json:"idle_cores,omitempty"`   // of the machine, while Workers train on the CPU
	TotalImages int64 `json:"total_images,omitempty"` // to train in the cells that were not stored, over all epochs

	Text  string `json:"text,omitempty"`
	Error string `json:"error,omitempty"`
	Final bool   `json:"final,omitempty"` // a retry would fail in the same way
	Full  bool   `json:"full,omitempty"`  // the disk or the quota is full
	Path  string `json:"path,omitempty"`

	OutOfMemory bool `json:"out_of_memory,omitempty"` // the device had no memory left
	Stopped     bool `json:"stopped,omitempty"`       // the worker was told to stop; no event of a runner has it
}

// Headline is the outcome of one cell in a few figures.
type Headline struct {
	CleanAccuracy   stats.Number `json:"clean_accuracy"`
	CleanImages     int          `json:"clean_images"` // behind CleanAccuracy
	ASR             stats.Number `json:"asr"`          // mean over the attackers
	ASRImages       int          `json:"asr_images"`   // behind ASR
	Seconds         float64      `json:"seconds"`      // of all phases
	ImagesPerSecond float64      `json:"images_per_second"`
}

// Observer receives the events of a run, one at a time.
type Observer interface {
	Observe(Event)
}

// ObserverFunc is a function that serves as an Observer.
type ObserverFunc func(Event)

// Observe calls f.
func (f ObserverFunc) Observe(e Event) { f(e) }
