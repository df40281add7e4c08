// Package patterns has a program of the user's make the trigger of an attacker.
//
// The program is called once for each attacker, while games are planned. It gets a seed,
// some of the attacker's images and their labels, and all images that may carry the
// trigger; it gives back a mask and a pattern, or these images with the trigger. The
// answer is kept in the store, so that the program is not called twice for the same
// question, and no process but the one that plans needs the program. docs/python.md
// describes the files of a job.
package patterns

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"backfire/datasets"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
	"backfire/internal/program"
	"backfire/internal/streams"
	"backfire/triggers"
)

// answerSuffix ends the name of a kept answer.
const answerSuffix = ".json"

// mostSampled is the largest number of images of the attacker that a program gets with
// their labels.
const mostSampled = 1000

// Dir returns the directory of the stamped images of the store in a directory, as
// datasets.Source has it.
func Dir(dir string) string { return filepath.Join(dir, datasets.StampedDir) }

// Question asks a program for the trigger of one attacker.
type Question struct {
	// Path is the program, SHA256 that of its files and Version what the user calls it.
	Path    string
	SHA256  string
	Version string
	// Limit is the longest time that it may take.
	Limit time.Duration
	// Store is the directory of the store that keeps the answer.
	Store string

	// Set holds the images, Seed seeds the streams of the triggers.
	Set  *datasets.Set
	Seed uint64
	// Attacker is the ID of the attacker, and Target the label that it wants, if it is one.
	Attacker int
	Target   game.TargetLabel
	// Contributed and HeldOut are its images, as indices into Set.
	Contributed, HeldOut []int
}

// Answer is the trigger that a program has made: Pixels, as triggers.Trigger.Encode
// returns them, or Stamped, the SHA-256 of the file of stamped images.
type Answer struct {
	Pixels  string `json:"pixels,omitempty"`
	Stamped string `json:"stamped,omitempty"`
}

// Spec returns the trigger of the answer to a question.
func (a Answer) Spec(q Question) triggers.Spec {
	return triggers.Spec{
		Kind: triggers.Program, Command: filepath.Base(q.Path), SHA256: q.SHA256, Version: q.Version,
		Pixels: a.Pixels, Stamped: a.Stamped,
	}
}

// Ask returns the answer to a question: the one that the store keeps, or else that of the
// program, which it keeps. The error wraps program.ErrProgram if the program is at fault.
func Ask(ctx context.Context, q Question) (Answer, error) {
	j := newJob(q)
	key, err := j.key()
	if err != nil {
		return Answer{}, fmt.Errorf("patterns: attacker %d: %w", q.Attacker, err)
	}
	dir := disk.In(Dir(q.Store))
	if answer, ok := kept(dir, key, q); ok {
		return answer, nil
	}
	if err := dir.MkdirAll("."); err != nil {
		return Answer{}, fmt.Errorf("patterns: keep answers: %w", err)
	}
	answer, err := j.run(ctx, dir)
	if err != nil {
		return Answer{}, fmt.Errorf("patterns: attacker %d: %w", q.Attacker, err)
	}
	return answer, keep(dir, key, answer)
}

// kept returns an answer that the directory keeps; false if there is none that can be
// used.
func kept(dir disk.Dir, key string, q Question) (Answer, bool) {
	text, err := dir.ReadFile(key+answerSuffix, disk.MaxRecord)
	if err != nil {
		return Answer{}, false
	}
	var answer Answer
	if err := json.Unmarshal(text, &answer); err != nil || answer.Spec(q).Validate() != nil {
		return Answer{}, false
	}
	if answer.Stamped != "" && !q.Set.WithStamped(Dir(q.Store)).HasStamped(answer.Stamped) {
		return Answer{}, false
	}
	return answer, true
}

// keep keeps an answer under its key.
func keep(dir disk.Dir, key string, answer Answer) error {
	text, err := jsonfile.Encode(answer)
	if err != nil {
		return fmt.Errorf("patterns: keep answer: %w", err)
	}
	temporary := ".new-" + key
	if err := dir.WriteFile(temporary, text); err != nil {
		return fmt.Errorf("patterns: keep answer: %w", err)
	}
	if err := dir.Rename(temporary, key+answerSuffix); err != nil {
		return fmt.Errorf("patterns: keep answer: %w", err)
	}
	return nil
}

// job is a question with everything that is drawn for it.
type job struct {
	Question
	seed   uint64 // of every random choice of the program
	sample []int  // images with their labels, as indices into Set
	images []int  // those that may carry the trigger, in an order that tells nothing
}

// newJob draws the sample and the order of the images from streams of the attacker's.
func newJob(q Question) *job {
	id := uint64(q.Attacker)
	j := &job{Question: q, seed: uint64(streams.New(q.Seed, "program trigger", id).Uint32())}
	shuffled := func(images []int, purpose string) []int {
		order := make([]int, len(images))
		for i, at := range streams.New(q.Seed, purpose, id).Perm(len(images)) {
			order[i] = images[at]
		}
		return order
	}
	j.sample = shuffled(q.Contributed, "program trigger sample")
	j.sample = j.sample[:min(len(j.sample), mostSampled)]
	j.images = shuffled(append(append([]int{}, q.Contributed...), q.HeldOut...), "program trigger images")
	return j
}

// key returns the name under which the answer is kept: the SHA-256 of everything that it
// follows from.
func (j *job) key() (string, error) {
	text, err := json.Marshal(struct {
		Format           int
		Program, Version string
		Data             string
		Seed             uint64
		Attacker         int
		Target           game.TargetLabel
		Sample, Images   []int
	}{jobFormat, j.SHA256, j.Version, j.Set.Checksum, j.seed, j.Attacker, j.Target, j.sample, j.images})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// run has the program answer in a directory of its own, and writes stamped images into
// another one.
func (j *job) run(ctx context.Context, answers disk.Dir) (Answer, error) {
	sum, err := program.Sum(j.Path)
	if err != nil {
		return Answer{}, err
	}
	if sum != j.SHA256 {
		return Answer{}, fmt.Errorf("%s: %w: it changed while games were planned: repeat the command", j.Path, program.ErrProgram)
	}
	scratch, err := disk.NewScratch()
	if err != nil {
		return Answer{}, err
	}
	defer scratch.Close()
	if err := j.write(scratch.Path()); err != nil {
		return Answer{}, fmt.Errorf("write job: %w", err)
	}
	command, err := program.Command(j.Path, scratch.Path(), filepath.Join(scratch.Path(), jobFile),
		"OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	if err != nil {
		return Answer{}, err
	}
	if err := program.Run(ctx, command, j.Limit); err != nil {
		return Answer{}, err
	}
	answer, err := j.read(disk.In(scratch.Path()), answers)
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %w: %w", filepath.Base(j.Path), program.ErrProgram, err)
	}
	return answer, nil
}
