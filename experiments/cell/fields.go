package cell

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
)

// Field is one value of a cell or of a stored result.
type Field struct {
	Path  string // such as game.attackers[0].p0
	Key   string // Path without indices, by which a filter names the field
	Value string // as in JSON, but texts without quotes
}

// Fields lists the values of a cell: names in alphabetical order, elements of lists in their own. It fails
// only for numbers that JSON cannot hold.
func (c Cell) Fields() ([]Field, error) {
	tree, err := TreeOf(c)
	if err != nil {
		return nil, fmt.Errorf("cell: list fields: %w", err)
	}
	return Flatten(Field{}, tree), nil
}

// Flatten lists the fields below a value of TreeOf. Path and Key of at are put before theirs.
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

// Compare compares the field's number with another one, both in any notation. It returns a negative number
// if the field's is less, 0 if they are equal and a positive number if it is greater; false if one of them is
// no number.
func (f Field) Compare(value string) (int, bool) {
	a, okA := new(big.Rat).SetString(f.Value)
	b, okB := new(big.Rat).SetString(value)
	if !okA || !okB || !json.Valid([]byte(f.Value)) {
		return 0, false
	}
	return a.Cmp(b), true
}
