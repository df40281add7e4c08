package worker

import (
	"io"
	"path/filepath"

	"backfire/defenses"
	"backfire/game"
	"backfire/internal/jsonfile"
	"backfire/internal/npz"
	"backfire/internal/pixels"
	"backfire/internal/streams"
)

// The files of a job, beside the answer that a program leaves.
const (
	jobFile     = "job.json"
	trainingJob = "training.npz"
	probesJob   = "probes.npz"
	// jobFormat is the version of these files. It rises when one of them changes its meaning.
	jobFormat = 1
)

// programJob is what a program in place of a model is asked.
type programJob struct {
	deal     *Deal
	settings *defenses.Exec
	rows     []int // of the training set, in an order that tells nothing about their owners
	probes   []int // of game.Probes, likewise
}

// newJob returns the job of a game. The orders are drawn from the streams "program rows" and "program probes".
func newJob(d *Deal, settings *defenses.Exec) *programJob {
	seed := d.Cell.TrainingSeed()
	return &programJob{
		deal: d, settings: settings,
		rows:   streams.New(seed, "program rows").Perm(len(d.Training.Rows)),
		probes: streams.New(seed, "program probes").Perm(d.Probes.N),
	}
}

// jobContent is the content of job.json.
type jobContent struct {
	Format    int      `json:"format"`
	Kind      string   `json:"kind"` // defense
	Seed      uint64   `json:"seed"` // of every random choice of the program
	Classes   []string `json:"classes"`
	Shape     [3]int   `json:"shape"`    // height, width and channels of an image
	Training  string   `json:"training"` // name of the file of training images
	Images    int      `json:"images"`   // their number
	Probes    string   `json:"probes"`   // name of the file of the images to predict
	Queries   int      `json:"queries"`  // their number
	Owners    bool     `json:"owners"`   // whether the training set has the column owner
	Limit     int      `json:"limit"`    // seconds
	Directory string   `json:"directory"`
	Version   string   `json:"version"` // of the program, as the user declared it

	Network networkContent `json:"network"`
}

// networkContent describes the network and the training that the program takes the place of. A program that leaves a
// model leaves one of this network.
type networkContent struct {
	Architecture string    `json:"architecture"`
	Width        int       `json:"width"`
	Mean         []float64 `json:"mean"` // of the inputs, per channel
	Std          []float64 `json:"std"`
	Epochs       int       `json:"epochs"`
	Batch        int       `json:"batch"`
	LearningRate float64   `json:"lr"`
}

// write writes the job into a directory.
func (j *programJob) write(dir string) error {
	c := j.deal.Cell
	shape := c.Data.Shape
	err := writeTo(filepath.Join(dir, trainingJob), func(w io.Writer) error { return npz.Write(w, j.training()...) })
	if err == nil {
		err = writeTo(filepath.Join(dir, probesJob), func(w io.Writer) error {
			return npz.Write(w, j.images(j.deal.Probes.Images, j.probes))
		})
	}
	if err != nil {
		return err
	}
	return jsonfile.Write(filepath.Join(dir, jobFile), jobContent{
		Format: jobFormat, Kind: "defense", Seed: c.TrainingSeed(), Classes: c.Data.Classes, Shape: [3]int{shape.H, shape.W, shape.C},
		Training: trainingJob, Images: len(j.rows), Probes: probesJob, Queries: len(j.probes),
		Owners: j.settings.Owners, Limit: j.settings.Limit, Directory: dir, Version: j.settings.Version,
		Network: networkContent{
			Architecture: c.Model.Architecture, Width: c.Model.Width, Mean: j.deal.Normalization.Mean, Std: j.deal.Normalization.Std,
			Epochs: c.Training.Epochs, Batch: c.Training.Batch, LearningRate: c.Training.LearningRate,
		},
	})
}

// training returns the arrays of the training set: images, labels, own and, for a defender that knows them, owners.
func (j *programJob) training() []npz.Array {
	t, ids := j.deal.Training, j.deal.Cell.Game.AgentIDs()
	labels, owners, own := make([]int64, len(j.rows)), make([]int64, len(j.rows)), make([]bool, len(j.rows))
	for i, row := range j.rows {
		labels[i], owners[i], own[i] = int64(t.Rows[row].New), noAgent, t.Rows[row].Owner == game.Defender
		if !own[i] {
			owners[i] = int64(ids[t.Rows[row].Owner])
		}
	}
	n := []int{len(j.rows)}
	arrays := []npz.Array{
		j.images(t.Images, j.rows),
		{Name: "labels", Shape: n, Values: labels},
		{Name: "own", Shape: n, Values: own},
	}
	if j.settings.Owners {
		arrays = append(arrays, npz.Array{Name: "owner", Shape: n, Values: owners})
	}
	return arrays
}

// images returns images in an order as an array, channels last.
func (j *programJob) images(all []uint8, order []int) npz.Array {
	shape := j.deal.Training.Shape
	size := shape.Size()
	chosen := make([]uint8, 0, len(all))
	for _, at := range order {
		chosen = append(chosen, all[at*size:(at+1)*size]...)
	}
	return npz.Array{Name: "images", Shape: []int{len(order), shape.H, shape.W, shape.C}, Values: pixels.ChannelsLast(chosen, shape.C, shape.H, shape.W)}
}
