package cli

import (
	"maps"
	"slices"
	"strings"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/store"
)

// filter is a condition on a field of a stored result, such as key=value.
type filter struct{ text, key, relation, value string }

// relations decide by the order of two numbers whether a condition holds. A negative
// order means that the field is less than the value, 0 that they are equal.
var relations = map[string]func(order int) bool{
	"=":  func(order int) bool { return order == 0 },
	"<":  func(order int) bool { return order < 0 },
	"<=": func(order int) bool { return order <= 0 },
	">":  func(order int) bool { return order > 0 },
	">=": func(order int) bool { return order >= 0 },
}

// notEqual is the relation of a field with a different value.
const notEqual = "!="

// parseFilters parses the conditions of --filter.
func parseFilters(texts []string) ([]filter, error) {
	var filters []filter
	for _, text := range texts {
		key, relation, value, ok := cutRelation(text)
		if !ok {
			return nil, Usagef("models list: --filter %s: must be key=value, such as --filter game.seed=1, or use !=, <, <=, > or >= in place of =", text)
		}
		f := filter{text, key, relation, value}
		if _, number := (cell.Field{Value: f.value}).Compare(f.value); !number && f.relation != "=" && f.relation != notEqual {
			return nil, Usagef("models list: --filter %s: must compare with a number", text)
		}
		filters = append(filters, f)
	}
	return filters, nil
}

// cutRelation splits a condition at its relation; longer relations are tried first.
func cutRelation(text string) (key, relation, value string, ok bool) {
	at := strings.IndexAny(text, "=!<>")
	if at < 0 {
		return "", "", "", false
	}
	key = strings.TrimSpace(text[:at])
	for _, relation := range []string{notEqual, "<=", ">=", "=", "<", ">"} {
		if value, found := strings.CutPrefix(text[at:], relation); found {
			return key, relation, strings.TrimSpace(value), key != ""
		}
	}
	return "", "", "", false
}

// admits reports whether a field meets the condition.
func (f filter) admits(field cell.Field) bool {
	if order, numbers := field.Compare(f.value); numbers {
		return relations[f.relation](order)
	}
	return f.relation == "=" && field.Value == f.value
}

// passes reports whether fields meet the condition. One entry of a list has to meet
// it; with != no entry may have the value.
func (f filter) passes(fields []cell.Field) bool {
	equal := f
	if f.relation == notEqual {
		equal.relation = "="
	}
	has := slices.ContainsFunc(fields, func(field cell.Field) bool {
		return field.Key == f.key && equal.admits(field)
	})
	return has != (f.relation == notEqual)
}

// filterer applies filters and collects the keys that results have.
type filterer struct {
	filters []filter
	keys    map[string]bool // of all results that were read
}

// passes reports whether a result meets all conditions.
func (f *filterer) passes(record *store.Record) (bool, error) {
	if len(f.filters) == 0 {
		return true, nil
	}
	fields, err := record.Fields()
	if err != nil {
		return false, err
	}
	for _, field := range fields {
		f.keys[field.Key] = true
	}
	return !slices.ContainsFunc(f.filters, func(filter filter) bool { return !filter.passes(fields) }), nil
}

// unknown returns an error for a key that no result has.
func (f *filterer) unknown() error {
	for _, filter := range f.filters {
		if len(f.keys) > 0 && !f.keys[filter.key] {
			return Usagef("models list: --filter %s: no stored result has the field %s; did you mean %s?", filter.text, filter.key, f.nearest(filter.key))
		}
	}
	return nil
}

// nearest returns the key nearest to an unknown one. Keys that have all of its words
// are preferred: pool.size of a configuration is game.pool_size here.
func (f *filterer) nearest(unknown string) string {
	words := func(key string) []string {
		return strings.FieldsFunc(key, func(r rune) bool { return r == '.' || r == '_' })
	}
	keys := slices.Sorted(maps.Keys(f.keys))
	similar := slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		return slices.ContainsFunc(words(unknown), func(word string) bool { return !slices.Contains(words(key), word) })
	})
	if len(similar) > 0 {
		keys = similar
	}
	return config.Nearest(unknown, keys)
}
