package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"backfire/experiments/cell"
	"backfire/game"
)

// Run is what a Result says about its own training and about other cells of the
// store. It differs from training to training and may be completed later.
type Provenance struct {
	Timing
	// Notices are what cost time in this training and changed nothing of its result.
	Notices []string `json:"notices,omitempty"`
	// Single is in the order of the result's attackers.
	Single []Single `json:"single"`
	Digest string   `json:"digest"` // SHA-256 of the canonical JSON of the other fields of Run
}

// Single is what an attacker is worth alone: the paper's bracket.
type Single struct {
	ID   int    `json:"id"`   // of the attacker
	Cell string `json:"cell"` // hash of the game in which it is alone with the same trigger, without a defense
	// ASR is the attacker's ASR there; nil as long as no run that knew this
	// result has found that game in the store.
	ASR *game.Rate `json:"asr" jsonschema:"nullable"`
}

// singles names the single game of each attacker of the cell. Where the cell is
// that game, it has the ASR too.
func SinglesOf(c cell.Cell, own *game.Score) ([]Single, error) {
	self, err := c.Hash()
	if err != nil {
		return nil, err
	}
	singles := []Single{}
	for position, attacker := range c.Game.Attackers {
		hash, err := c.Alone(position).Hash()
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

// open lists the single games whose ASR the result does not have.
func (r *Result) MissingSingles() []string {
	var hashes []string
	for _, single := range r.Provenance.Single {
		if single.ASR == nil {
			hashes = append(hashes, single.Cell)
		}
	}
	return hashes
}

// complete returns the result with the single ASRs that asr knows, and whether
// there are any that it lacked.
func (r Result) WithSingles(asr func(hash string) (*game.Rate, error)) (Result, bool, error) {
	r.Provenance.Single = slices.Clone(r.Provenance.Single)
	more := false
	for i, single := range r.Provenance.Single {
		if single.ASR != nil {
			continue
		}
		rate, err := asr(single.Cell)
		if err != nil {
			return Result{}, false, err
		}
		if rate != nil {
			r.Provenance.Single[i].ASR, more = rate, true
		}
	}
	if !more {
		return r, false, nil
	}
	r, err := r.sealed()
	return r, true, err
}

// sum is the SHA-256 of the canonical JSON (keys sorted, no white space, numbers
// as the file has them) of the result without its fields run and digest.
func (r Result) sum() (string, error) { return sumWithout(r, "run", "digest") }

func (r Provenance) sum() (string, error) { return sumWithout(r, "digest") }

// sealed returns the result with its digests.
func (r Result) sealed() (Result, error) {
	var errs [2]error
	r.Digest, errs[0] = r.sum()
	r.Provenance.Digest, errs[1] = r.Provenance.sum()
	if err := errors.Join(errs[:]...); err != nil {
		return Result{}, fmt.Errorf("experiments: digest of result %.12s: %w", r.Cell, err)
	}
	return r, nil
}

// checkDigests compares the text of a result with the digests in it. It does not
// go through Result, which would not see a figure that follows from others.
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
		got, err := sumWithout(json.RawMessage(part.text), part.without...)
		if err != nil {
			return fmt.Errorf("parse %s: %w", ResultFile, err)
		}
		if got != part.want {
			return fmt.Errorf("%s does not fit its digest %.12s", ResultFile, part.want)
		}
	}
	return nil
}

// sumWithout is the SHA-256 of the canonical JSON of a value's fields but some.
func sumWithout(v any, fields ...string) (string, error) {
	tree, err := cell.TreeOf(v)
	if err != nil {
		return "", err
	}
	if object, ok := tree.(map[string]any); ok {
		maps.DeleteFunc(object, func(key string, _ any) bool { return slices.Contains(fields, key) })
	}
	return cell.HashOf(tree)
}
