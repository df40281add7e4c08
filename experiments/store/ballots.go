package store

import (
	"errors"
	"fmt"

	"backfire/experiments/ballots"
)

// Ballots reads the ballots of a model that votes, an artefact, which results have on request only; see ballots.Read.
// The error wraps ErrBroken for files that are no ballots of the cell, or whose first classes are not the
// predictions.
func (r *Record) Ballots() (*ballots.Ballots, error) {
	predicted, err := r.Predictions(len(r.Cell.Data.Classes))
	if err != nil {
		return nil, err
	}
	b, err := ballots.Read(r.files(), r.Cell, len(predicted))
	if err != nil {
		if errors.Is(err, ballots.ErrFile) {
			err = fmt.Errorf("%w: %w", ErrBroken, err)
		}
		return nil, fmt.Errorf("store: read ballots: %w", err)
	}
	for probe, class := range predicted {
		if first := b.Of(probe)[0]; first != class {
			return nil, fmt.Errorf("store: read ballots: %w: probe %d is predicted as %d, and %d is ranked first", ErrBroken, probe, class, first)
		}
	}
	return b, nil
}
