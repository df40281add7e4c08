package store

import (
	"fmt"

	"backfire/experiments/cell"
)

// Fields lists the values of a stored result: those of its cell, those of its
// result but the cross-trigger matrix, which may be a million, and, below
// "environment", those of its environment. The error wraps ErrBroken where that
// cannot be read.
func (r *Record) Fields() ([]cell.Field, error) {
	fields, err := r.Cell.Fields()
	if err != nil {
		return nil, err
	}
	result := r.Result
	result.Cross = nil
	environment, err := r.Environment()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	for place, part := range map[string]any{"": result, "environment": environment} {
		tree, err := cell.TreeOf(part)
		if err != nil {
			return nil, fmt.Errorf("experiments: fields of a result: %w", err)
		}
		fields = append(fields, cell.Flatten(cell.Field{Path: place, Key: place}, tree)...)
	}
	return fields, nil
}
