package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"backfire/datasets/census"
	"backfire/experiments/cell"
	"backfire/game"
)

// Provenance is the part of a Result that is about its own training and about other cells of the store. It
// differs from training to training and may be completed later.
type Provenance struct {
	Timing
	// Notices describe events that cost time in this training and did not change its result.
	Notices []string `json:"notices,omitempty"`
	// Census counts the files and images of the dataset as this training read it; nil in what older programs
	// stored.
	Census *census.Census `json:"census,omitempty"`
	// SharedPixels is HeldOut of Repeats, which results of earlier versions have alone.
	SharedPixels int `json:"shared_pixels,omitempty"`
	// Repeats counts the images of the deal that have the pixels of others; nil in what older programs stored.
	Repeats *game.Repeats `json:"repeats,omitempty"`
	// Single is in the order of the result's attackers.
	Single []Single `json:"single"`
	// RepairSeconds is the time of the repair, a part of the phase evaluate; 0 without one.
	RepairSeconds float64 `json:"repair_seconds,omitempty"`
	// FilterSeconds is the time of the training by which the filter reclassifies; 0 without one, and after a resumption.
	FilterSeconds float64 `json:"filter_seconds,omitempty"`
	Digest        string  `json:"digest"` // SHA-256 of the canonical JSON of the other fields
}

// SetRepeats sets the counts of images that have the pixels of others.
func (r *Provenance) SetRepeats(counts game.Repeats) {
	r.SharedPixels, r.Repeats = counts.HeldOut, &counts
}

// Single is the success of an attacker alone: the paper's bracket.
type Single struct {
	ID   int    `json:"id"`   // of the attacker
	Cell string `json:"cell"` // hash of its matched single game, with the same trigger
	// ASR is the attacker's ASR there; nil until a run with this result finds that game in the store.
	ASR *game.Rate `json:"asr" jsonschema:"nullable"`
}

// SinglesOf returns the matched single game of each attacker of the cell, or the game in which it is alone with
// everything if there is no matched one. It has no ASRs, except if the cell is that single game: own is the score
// of the cell then. The error is that of cell.Cell.Hash.
func SinglesOf(c cell.Cell, own *game.Score) ([]Single, error) {
	self, err := c.Hash()
	if err != nil {
		return nil, err
	}
	singles := []Single{}
	for position, attacker := range c.Game.Attackers {
		alone, ok := c.MatchedSingle(position)
		if !ok {
			alone = c.Lone(position)
		}
		hash, err := alone.Hash()
		if err != nil {
			return nil, err
		}
		single := Single{ID: attacker.ID, Cell: hash}
		if hash == self {
			single.ASR = &own.Attackers[0].ASR
		}
		singles = append(singles, single)
	}
	return singles, nil
}

// MissingSingles lists the hashes of the single games whose ASR the result lacks.
func (r *Result) MissingSingles() []string {
	var hashes []string
	for _, single := range r.Provenance.Single {
		if single.ASR == nil {
			hashes = append(hashes, single.Cell)
		}
	}
	return hashes
}

// WithSingles returns the result with the single ASRs that it lacks and that asr returns, and reports whether
// there are any. asr returns nil for a game that is not stored.
func (r Result) WithSingles(asr func(hash string) (*game.Rate, error)) (Result, bool, error) {
	r.Provenance.Single = slices.Clone(r.Provenance.Single)
	completed := false
	for i, single := range r.Provenance.Single {
		if single.ASR != nil {
			continue
		}
		rate, err := asr(single.Cell)
		if err != nil {
			return Result{}, false, err
		}
		if rate != nil {
			r.Provenance.Single[i].ASR, completed = rate, true
		}
	}
	if !completed {
		return r, false, nil
	}
	r, err := r.sealed()
	return r, true, err
}

// sum returns the SHA-256 of the canonical JSON (keys sorted, no white space, numbers as in the file) of the
// result without its fields run and digest.
func (r Result) sum() (string, error) { return cell.HashWithout(r, "run", "digest") }

func (r Provenance) sum() (string, error) { return cell.HashWithout(r, "digest") }

// sealed returns the result with its digests.
func (r Result) sealed() (Result, error) {
	var errs [2]error
	r.Digest, errs[0] = r.sum()
	r.Provenance.Digest, errs[1] = r.Provenance.sum()
	if err := errors.Join(errs[:]...); err != nil {
		return Result{}, fmt.Errorf("store: digest of result %.12s: %w", r.Cell, err)
	}
	return r, nil
}

// checkDigests compares the text of a result with the digests in it. It does not decode a Result, which would
// hide a changed figure that is computed from others.
func checkDigests(text []byte) error {
	var parts struct {
		Digest string          `json:"digest"`
		Run    json.RawMessage `json:"run"`
	}
	var run struct {
		Digest string `json:"digest"`
	}
	if err := json.Unmarshal(text, &parts); err != nil {
		return fmt.Errorf("parse %s: %w", ResultFile, err)
	}
	if err := json.Unmarshal(parts.Run, &run); err != nil {
		return fmt.Errorf("parse %s: run: %w", ResultFile, err)
	}
	for _, part := range []struct {
		text    []byte
		want    string
		without []string
	}{{text, parts.Digest, []string{"run", "digest"}}, {parts.Run, run.Digest, []string{"digest"}}} {
		got, err := cell.HashWithout(json.RawMessage(part.text), part.without...)
		if err != nil {
			return fmt.Errorf("parse %s: %w", ResultFile, err)
		}
		if got != part.want {
			return fmt.Errorf("%s does not fit its digest %.12s", ResultFile, part.want)
		}
	}
	return nil
}

// Timing holds the duration of one training of a cell.
type Timing struct {
	Started         time.Time              `json:"started"` // UTC
	Finished        time.Time              `json:"finished"`
	Seconds         map[cell.Phase]float64 `json:"seconds"` // per phase
	TotalSeconds    float64                `json:"total_seconds"`
	ImagesPerSecond float64                `json:"images_per_second"` // through the training step, in phase train
	PeakMemory      int64                  `json:"peak_memory_bytes"` // resident set of the worker process since it started; 0: not known
	Resumed         int                    `json:"resumed_epochs"`    // epochs taken over from a checkpoint; times and rates are of the others
}
