package cell

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
)

// Field is one value of a cell, or of a stored result.
type Field struct {
	Path  string // such as game.attackers[0].p0
	Key   string // the same without indices: what a filter calls the field
	Value string // as JSON has it, texts without quotes
}

// Fields lists the values of a cell, names in the order of the alphabet and lists
// in their own.
func (c Cell) Fields() ([]Field, error) {
	tree, err := TreeOf(c)
	if err != nil {
		return nil, fmt.Errorf("experiments: fields of a cell: %w", err)
	}
	return Flatten(Field{}, tree), nil
}

// flatten lists what lies below a value at a place.
func Flatten(at Field, value any) []Field {
	var fields []Field
	switch v := value.(type) {
	case map[string]any:
		dot := ""
		if at.Path != "" {
			dot = "."
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			fields = append(fields, Flatten(Field{Path: at.Path + dot + name, Key: at.Key + dot + name}, v[name])...)
		}
	case []any:
		for i, each := range v {
			fields = append(fields, Flatten(Field{Path: at.Path + "[" + strconv.Itoa(i) + "]", Key: at.Key}, each)...)
		}
	default:
		at.Value = fmt.Sprint(v)
		fields = append(fields, at)
	}
	return fields
}

// Compare says how the field's number is ordered to another, negative where it is
// less, however both are written; false if one of them is none.
func (f Field) Compare(value string) (int, bool) {
	a, okA := new(big.Rat).SetString(f.Value)
	b, okB := new(big.Rat).SetString(value)
	if !okA || !okB || !json.Valid([]byte(f.Value)) {
		return 0, false
	}
	return a.Cmp(b), true
}
