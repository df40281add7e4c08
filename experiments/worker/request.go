package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"backfire/datasets"
	"backfire/defenses/detect"
	"backfire/experiments/cell"
	"backfire/experiments/store"
)

// Request is one thing that a worker is asked to do: a Train, Measure, Predict, Query, Prepare,
// Threads or Stop.
type Request interface {
	// kind returns the name of the request's type in an Order's JSON.
	kind() string
}

// The names of the requests in an Order's JSON.
const (
	kindTrain   = "train"
	kindMeasure = "measure"
	kindPredict = "predict"
	kindQuery   = "query"
	kindPrepare = "prepare"
	kindThreads = "threads"
	kindStop    = "stop"
)

// Setup names a cell and the hardware that its model is computed on.
type Setup struct {
	Cell    cell.Cell `json:"cell"`
	Device  string    `json:"device"`  // auto, cpu, cuda or cuda:K
	Threads int       `json:"threads"` // of the CPU, at least 1
	// Module is the path of the TorchScript module that the model is, if the cell names one.
	Module string `json:"module,omitempty"`
}

// setup returns the setup of the request that embeds it.
func (s Setup) setup() Setup { return s }

// job is a request that a worker works on, that is, any but Prepare, Threads and Stop.
type job interface {
	Request
	setup() Setup
}

// Train asks for a trained model and writes the files of its result.
type Train struct {
	Setup
	Source datasets.Source `json:"source"` // of the images of Cell.Data
	// Weights is the path of the file of initial weights, if the cell names one.
	Weights string `json:"weights,omitempty"`
	// Program is the path of the program that answers in place of the model, if the cell's defense is one.
	Program   string          `json:"program,omitempty"`
	Dir       string          `json:"dir"`       // empty directory for the files of the result
	Artefacts store.Artefacts `json:"artefacts"` // to write beside the files that every result has
	// Stored is the directory of the cell's stored result, which lacks artefacts that take no training: its files
	// are copied, and these artefacts are written beside them. Empty: the cell is trained.
	Stored string `json:"stored,omitempty"`
	// Checkpoint is the path of the training's checkpoint. The training resumes from it if it
	// exists, and writes it after each epoch but the last. Empty: there are no checkpoints.
	Checkpoint string `json:"checkpoint"`
	// CheckpointEvery is the shortest time between two checkpoints, in nanoseconds; 0: one is
	// written after each epoch.
	CheckpointEvery time.Duration `json:"checkpoint_every,omitempty"`
	// States is the directory of the states that several cells resume from. Empty: no states are
	// read or kept.
	States string `json:"states,omitempty"`
	// Base is the directory of the stored result of Cell.Base with its model, which is used where
	// there is no state. Empty: it is not stored, or without its model.
	Base string `json:"base,omitempty"`
	// SavesState asks for the state of the trained model in States, because other cells resume from
	// it.
	SavesState bool `json:"saves_state,omitempty"`
}

// Measure asks for the speed of training steps on noise, until the worker is stopped. It needs no
// images and writes no files.
type Measure struct {
	Setup
}

// Predict asks a stored model for the classes of the probes of its cell, and for everything else
// that is stored of its answers: store.PredictionsFile, store.EnvironmentFile of the machine that
// predicted, and, where the cell has an attribution, its queries and the predictions after
// unlearning.
type Predict struct {
	Setup
	Source      datasets.Source `json:"source"`                // of the images of Cell.Data
	Dir         string          `json:"dir"`                   // for the answers
	Model       string          `json:"model"`                 // path of the stored model
	Divergences bool            `json:"divergences,omitempty"` // asks for store.DivergenceFile, too
	Rankings    bool            `json:"rankings,omitempty"`    // asks for the files of package ballots, too
	Detections  bool            `json:"detections,omitempty"`  // asks for removed.DetectionFile, too
	Detectors   []string        `json:"detectors,omitempty"`   // asks for removed.DetectorFile of these stacks, too
}

// Query asks a stored model about images and writes its Answers to AnswersFile: the probability of
// each class, or, with a Similarity, how similar the images are to each attacker's contribution.
type Query struct {
	Setup
	Source datasets.Source `json:"source"` // of the images of Cell.Data; read only if NeedsDeal
	Dir    string          `json:"dir"`    // for the answers
	Model  string          `json:"model"`  // path of the stored model
	Images string          `json:"images"` // path of a file of the images' raw values, N*C*H*W
	// Similarity is the method of comparison; empty: the model is asked for classes.
	Similarity detect.Method `json:"similarity,omitempty"`
	// Batch makes all images one query of a comparison; otherwise each image is one.
	Batch bool `json:"batch,omitempty"`
	// Unlearn is the ID of the attacker whose contribution is unlearned before the model is asked
	// for classes, as its cell's attribution does. Nil: nothing is unlearned.
	Unlearn *int `json:"unlearn,omitempty"`
	// Features asks for the penultimate features of each image, beside the classes.
	Features bool `json:"features,omitempty"`
}

// NeedsDeal reports whether the answers depend on the images that the model was trained on.
func (q Query) NeedsDeal() bool { return q.Similarity != "" || q.Unlearn != nil }

// Prepare has the process of a worker deal the game of a cell and stamp its images in the background,
// because one of its workers will probably be asked to train it. It has no answer and changes no
// result. The process does so only from a dataset that it has loaded.
type Prepare struct {
	Cell   cell.Cell       `json:"cell"`
	Source datasets.Source `json:"source"` // of the images of Cell.Data
	// Place is a number from 1 on. A process keeps one prepared cell for each place, until it is
	// trained or another one takes the place.
	Place int `json:"place"`
}

// Threads gives a worker's training another number of threads of the CPU from its next epoch on. It
// is ignored by a worker without a training, and by a training whose bits depend on the number of
// threads, see cell.Cell.Native.
type Threads struct {
	Threads int `json:"threads"` // at least 1
}

// Stop makes a worker abandon its current request. A worker without one ignores it.
type Stop struct{}

func (Train) kind() string   { return kindTrain }
func (Measure) kind() string { return kindMeasure }
func (Predict) kind() string { return kindPredict }
func (Query) kind() string   { return kindQuery }
func (Prepare) kind() string { return kindPrepare }
func (Threads) kind() string { return kindThreads }
func (Stop) kind() string    { return kindStop }

// ErrRequest marks an order whose request is missing or unknown.
var ErrRequest = errors.New("no request that this program knows")

// Order is one line of a worker process's standard input: a request for one of the process's
// workers. A new request other than Prepare and Threads makes the worker abandon the one that it has.
type Order struct {
	Worker  int // from 1; the worker's events name it
	Request Request
}

// wireOrder is the JSON of an Order.
type wireOrder struct {
	Worker int             `json:"worker"`
	Kind   string          `json:"request"`
	With   json.RawMessage `json:"with"`
}

// MarshalJSON encodes the order with the kind of its request. The error wraps ErrRequest where
// there is none.
func (o Order) MarshalJSON() ([]byte, error) {
	if o.Request == nil {
		return nil, fmt.Errorf("worker: encode order: %w", ErrRequest)
	}
	with, err := json.Marshal(o.Request)
	if err != nil {
		return nil, fmt.Errorf("worker: encode order: %w", err)
	}
	return json.Marshal(wireOrder{o.Worker, o.Request.kind(), with})
}

// UnmarshalJSON decodes an order. The error wraps ErrRequest where the request is missing or
// unknown.
func (o *Order) UnmarshalJSON(data []byte) error {
	var wire wireOrder
	if err := json.Unmarshal(data, &wire); err != nil {
		return fmt.Errorf("decode order: %w", err)
	}
	request, err := decodeRequest(wire.Kind, wire.With)
	if err != nil {
		return fmt.Errorf("decode order: %w", err)
	}
	o.Worker, o.Request = wire.Worker, request
	return nil
}

// decodeRequest decodes a request of a kind.
func decodeRequest(kind string, with []byte) (Request, error) {
	switch kind {
	case kindTrain:
		return decodeAs[Train](with)
	case kindMeasure:
		return decodeAs[Measure](with)
	case kindPredict:
		return decodeAs[Predict](with)
	case kindQuery:
		return decodeAs[Query](with)
	case kindPrepare:
		return decodeAs[Prepare](with)
	case kindThreads:
		return decodeAs[Threads](with)
	case kindStop:
		return Stop{}, nil
	default:
		return nil, fmt.Errorf("%w: %q", ErrRequest, kind)
	}
}

// decodeAs decodes a request of type R. The content of a request must not be missing.
func decodeAs[R Request](with []byte) (Request, error) {
	var request R
	if len(with) == 0 || string(with) == "null" {
		return nil, fmt.Errorf("%w: %q without content", ErrRequest, request.kind())
	}
	if err := json.Unmarshal(with, &request); err != nil {
		return nil, fmt.Errorf("request %q: %w", request.kind(), err)
	}
	return request, nil
}
