package patterns

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
	"backfire/internal/npz"
	"backfire/internal/pixels"
	"backfire/triggers"
)

// The files of a job, and those of which the program leaves one or the first two as its
// answer.
const (
	jobFile    = "job.json"
	sampleFile = "sample.npz"
	imagesFile = "images.npz"

	maskAnswer    = "mask.bin"    // a byte per pixel: 1 where the trigger covers the image, else 0
	patternAnswer = "pattern.bin" // a byte per value, channels last
	stampedAnswer = "stamped.bin" // all images with the trigger, a byte per value, channels last

	// jobFormat is the version of these files. It rises when one of them changes its
	// meaning.
	jobFormat = 1
)

// content is the content of job.json.
type content struct {
	Format   int      `json:"format"`
	Kind     string   `json:"kind"` // trigger
	Seed     uint64   `json:"seed"` // of every random choice of the program
	Classes  []string `json:"classes"`
	Shape    [3]int   `json:"shape"` // height, width and channels of an image
	Attacker int      `json:"attacker"`
	// Target is the label that the attacker wants; null: for each class the next one.
	Target    game.TargetLabel `json:"target"`
	Sample    string           `json:"sample"` // name of the file of images with their labels
	Images    int              `json:"images"` // their number
	Stamp     string           `json:"stamp"`  // name of the file of images that may carry the trigger
	Queries   int              `json:"queries"`
	Limit     int              `json:"limit"` // seconds
	Directory string           `json:"directory"`
	Version   string           `json:"version"` // of the program, as the user declared it
}

// shape returns the shape of the images.
func (j *job) shape() triggers.Shape {
	return triggers.Shape{C: j.Set.C, H: j.Set.H, W: j.Set.W}
}

// write writes the job into a directory.
func (j *job) write(dir string) error {
	labels := make([]int64, len(j.sample))
	for i, source := range j.sample {
		labels[i] = int64(j.Set.Labels[source])
	}
	sample := []npz.Array{j.array(j.sample), {Name: "labels", Shape: []int{len(labels)}, Values: labels}}
	if err := writeArrays(disk.In(dir), sampleFile, sample...); err != nil {
		return err
	}
	if err := writeArrays(disk.In(dir), imagesFile, j.array(j.images)); err != nil {
		return err
	}
	shape := j.shape()
	return jsonfile.Write(filepath.Join(dir, jobFile), content{
		Format: jobFormat, Kind: "trigger", Seed: j.seed, Classes: j.Set.Classes, Shape: [3]int{shape.H, shape.W, shape.C},
		Attacker: j.Attacker, Target: j.Target, Sample: sampleFile, Images: len(j.sample), Stamp: imagesFile, Queries: len(j.images),
		Limit: int(j.Limit.Seconds()), Directory: dir, Version: j.Version,
	})
}

// array returns images of the set as an array, channels last.
func (j *job) array(sources []int) npz.Array {
	shape := j.shape()
	values := make([]uint8, 0, len(sources)*shape.Size())
	for _, source := range sources {
		values = append(values, j.Set.Image(source)...)
	}
	return npz.Array{Name: "images", Shape: []int{len(sources), shape.H, shape.W, shape.C}, Values: pixels.ChannelsLast(values, shape.C, shape.H, shape.W)}
}

// writeArrays writes arrays into a new file.
func writeArrays(dir disk.Dir, name string, arrays ...npz.Array) (err error) {
	file, err := dir.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return npz.Write(file, arrays...)
}

// read reads the answer that a program left in a directory. It writes stamped images into
// answers.
func (j *job) read(dir, answers disk.Dir) (Answer, error) {
	stamped, err := dir.ReadFile(stampedAnswer, disk.MaxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return j.readPattern(dir)
	}
	if err != nil {
		return Answer{}, err
	}
	shape := j.shape()
	if want := len(j.images) * shape.Size(); len(stamped) != want {
		return Answer{}, fmt.Errorf("%s has %d bytes: %d images of %v take %d", stampedAnswer, len(stamped), len(j.images), shape, want)
	}
	sum, err := j.Set.WriteStamped(answers, j.images, pixels.ChannelsFirst(stamped, shape.C, shape.H, shape.W))
	return Answer{Stamped: sum}, err
}

// readPattern reads mask and pattern.
func (j *job) readPattern(dir disk.Dir) (Answer, error) {
	shape := j.shape()
	mask, err := dir.ReadFile(maskAnswer, disk.MaxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return Answer{}, fmt.Errorf("it left no answer: write %s and %s, or %s", maskAnswer, patternAnswer, stampedAnswer)
	}
	if err != nil {
		return Answer{}, err
	}
	pattern, err := dir.ReadFile(patternAnswer, disk.MaxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return Answer{}, fmt.Errorf("it left %s without %s", maskAnswer, patternAnswer)
	}
	if err != nil {
		return Answer{}, err
	}
	for _, file := range []struct {
		name      string
		has, want int
	}{{maskAnswer, len(mask), shape.Plane()}, {patternAnswer, len(pattern), shape.Size()}} {
		if file.has != file.want {
			return Answer{}, fmt.Errorf("%s has %d bytes: images of %v take %d", file.name, file.has, shape, file.want)
		}
	}
	trigger, err := triggers.FromMask(shape, mask, pixels.ChannelsFirst(pattern, shape.C, shape.H, shape.W))
	if err != nil {
		return Answer{}, err
	}
	return Answer{Pixels: trigger.Encode()}, nil
}
