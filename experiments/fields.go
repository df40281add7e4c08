package experiments

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
)

// Field is one value of a cell.
type Field struct {
	Path  string // such as game.attackers[0].p0
	Key   string // the same without indices: what a filter calls the field
	Value string // as JSON has it, texts without quotes
}

// Fields lists the values of a cell, names in the order of the alphabet and lists
// in their own.
func (c Cell) Fields() ([]Field, error) {
	tree, err := treeOf(c)
	if err != nil {
		return nil, fmt.Errorf("experiments: fields of a cell: %w", err)
	}
	return flatten(Field{}, tree), nil
}

// flatten lists what lies below a value at a place.
func flatten(at Field, value any) []Field {
	var fields []Field
	switch v := value.(type) {
	case map[string]any:
		dot := ""
		if at.Path != "" {
			dot = "."
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			fields = append(fields, flatten(Field{Path: at.Path + dot + name, Key: at.Key + dot + name}, v[name])...)
		}
	case []any:
		for i, each := range v {
			fields = append(fields, flatten(Field{Path: at.Path + "[" + strconv.Itoa(i) + "]", Key: at.Key}, each)...)
		}
	default:
		at.Value = fmt.Sprint(v)
		fields = append(fields, at)
	}
	return fields
}

// Is says whether the field has a value. Numbers are equal however they are
// written.
func (f Field) Is(value string) bool {
	if f.Value == value {
		return true
	}
	a, okA := new(big.Rat).SetString(f.Value)
	b, okB := new(big.Rat).SetString(value)
	return okA && okB && json.Valid([]byte(f.Value)) && a.Cmp(b) == 0
}
