package store

import (
	"fmt"

	"backfire/experiments/cell"
)

// Fields lists the values of a stored result: those of its cell, those of its result without the cross-trigger
// matrix, which may have a million, and, below "environment", those of its environment. The error wraps
// ErrBroken if the environment cannot be read.
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
	for path, part := range map[string]any{"": result, "environment": environment} {
		tree, err := cell.TreeOf(part)
		if err != nil {
			return nil, fmt.Errorf("store: list fields: %w", err)
		}
		fields = append(fields, cell.Flatten(cell.Field{Path: path, Key: path}, tree)...)
	}
	return fields, nil
}
