package experiments

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
)

// Field is one value of a cell under its path, such as game.attackers[0].p0.
type Field struct {
	Path  string
	Value string // as JSON has it, texts without quotes
}

// Fields lists the values of a cell in the order of their paths.
func (c Cell) Fields() ([]Field, error) {
	tree, err := treeOf(c)
	if err != nil {
		return nil, fmt.Errorf("experiments: fields of a cell: %w", err)
	}
	var fields []Field
	flatten("", tree, &fields)
	slices.SortStableFunc(fields, func(a, b Field) int { return comparePaths(a.Path, b.Path) })
	return fields, nil
}

func flatten(path string, value any, fields *[]Field) {
	switch v := value.(type) {
	case map[string]any:
		for key, each := range v {
			at := key
			if path != "" {
				at = path + "." + key
			}
			flatten(at, each, fields)
		}
	case []any:
		for i, each := range v {
			flatten(path+"["+strconv.Itoa(i)+"]", each, fields)
		}
	default:
		*fields = append(*fields, Field{path, fmt.Sprint(v)})
	}
}

var pathParts = regexp.MustCompile(`\d+|\D+`)

// comparePaths orders paths by letters, and indices by their value.
func comparePaths(a, b string) int {
	return slices.CompareFunc(pathParts.FindAllString(a, -1), pathParts.FindAllString(b, -1), func(x, y string) int {
		i, errX := strconv.Atoi(x)
		j, errY := strconv.Atoi(y)
		if errX == nil && errY == nil {
			return i - j
		}
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		default:
			return 0
		}
	})
}

var indices = regexp.MustCompile(`\[\d+\]`)

// Key is the path without indices: what a filter calls the field.
func (f Field) Key() string { return indices.ReplaceAllString(f.Path, "") }

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
