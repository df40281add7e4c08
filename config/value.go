package config

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// parse converts a value from a file, a variable or the command line to the key's
// type and checks it. A list may be text separated by commas. A nil or empty raw value
// unsets an optional key. The error holds the reason only, without key and value.
func (k Key) parse(raw any) (any, error) {
	if raw == nil || raw == "" && k.Optional() {
		if k.Optional() {
			return nil, nil
		}
		return nil, fmt.Errorf("has no value; it must be %s", k.wanted())
	}
	value, err := k.convert(raw)
	if err != nil {
		return nil, err
	}
	return value, k.check(value)
}

// convert converts a raw value to the key's type without checking it.
func (k Key) convert(raw any) (any, error) {
	list := k.isList()
	elements, isList := raw.([]any)
	if isList && !list {
		return nil, fmt.Errorf("is a list; it must be %s", k.wanted())
	}
	if !list {
		value, err := k.convertScalar(raw)
		if err != nil {
			return nil, err
		}
		return value.Interface(), nil
	}
	if !isList {
		elements = splitList(raw)
	}
	result := reflect.MakeSlice(k.typ, 0, len(elements))
	for _, element := range elements {
		if text, ok := element.(string); ok && strings.TrimSpace(text) == "" {
			element = nil
		}
		value, err := k.convertScalar(element)
		if err != nil {
			return nil, err
		}
		result = reflect.Append(result, value)
	}
	return result.Interface(), nil
}

// convertScalar converts one raw value to the key's scalar type.
func (k Key) convertScalar(raw any) (reflect.Value, error) {
	text, err := scalarText(raw)
	if err != nil {
		return reflect.Value{}, fmt.Errorf("%w; it must be %s", err, k.wanted())
	}
	var value any = text
	switch k.scalar() {
	case reflect.Int:
		value, err = strconv.Atoi(text)
	case reflect.Uint64:
		value, err = strconv.ParseUint(text, 10, 64)
	case reflect.Float64:
		value, err = strconv.ParseFloat(text, 64)
	case reflect.Bool:
		value, err = strconv.ParseBool(text)
	default:
	}
	if err != nil {
		return reflect.Value{}, fmt.Errorf("must be %s", k.wanted())
	}
	return reflect.ValueOf(value), nil
}

// scalarText returns a raw scalar as text. It refuses lists and mappings.
func scalarText(raw any) (string, error) {
	switch raw := raw.(type) {
	case string:
		return strings.TrimSpace(raw), nil
	case bool, int, int64, uint64, float64:
		return Format(raw), nil
	case nil:
		return "", errors.New("has an empty element")
	case []any:
		return "", errors.New("is a list within a list")
	default:
		return "", errors.New("is not a single value")
	}
}

// splitList splits "1, 2" and "[1, 2]" at the commas. Empty text has no elements.
func splitList(raw any) []any {
	text, ok := raw.(string)
	if !ok {
		return []any{raw}
	}
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "["); ok {
		text = strings.TrimSpace(strings.TrimSuffix(inner, "]"))
	}
	if text == "" {
		return nil
	}
	var elements []any
	for element := range strings.SplitSeq(text, ",") {
		elements = append(elements, element)
	}
	return elements
}

// check returns an error if a value of the key's type is not allowed.
func (k Key) check(value any) error {
	if value == nil {
		return nil
	}
	reflected := reflect.ValueOf(value)
	if reflected.Kind() != reflect.Slice {
		return k.checkScalar(value)
	}
	for i := range reflected.Len() {
		if err := k.checkScalar(reflected.Index(i).Interface()); err != nil {
			return err
		}
	}
	return nil
}

// checkScalar returns an error if one value, or one element, is not allowed.
func (k Key) checkScalar(value any) error {
	allowed := true
	switch value := value.(type) {
	case int:
		allowed = k.Range.Contains(float64(value))
	case float64:
		allowed = k.Range.Contains(value) && !math.IsInf(value, 0)
	case string:
		allowed = len(k.Oneof) == 0 || slices.ContainsFunc(k.Oneof, func(word string) bool { return matches(word, value) })
	}
	if !allowed {
		return fmt.Errorf("must be %s", k.wanted())
	}
	return nil
}

// matches reports whether a value is the allowed word, or one of those for which a
// word that ends in ":K" stands.
func matches(word, value string) bool {
	family, ok := strings.CutSuffix(word, "K")
	if !ok || !strings.HasSuffix(family, ":") {
		return word == value
	}
	number, ok := strings.CutPrefix(value, family)
	if !ok {
		return false
	}
	k, err := strconv.ParseUint(number, 10, 16)
	return err == nil && strconv.FormatUint(k, 10) == number
}

// wanted returns the allowed values in words that complete "it must be".
func (k Key) wanted() string {
	switch {
	case len(k.Oneof) > 0:
		return "one of " + k.Values()
	case k.scalar() == reflect.Bool:
		return k.Values()
	default:
		return "a " + k.Values()
	}
}

// Format returns a value in the notation of the command line: numbers as short as
// they can be read back exactly, lists separated by commas, and nil (unset) as the
// empty text.
func Format(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case float64:
		return number(value)
	case string:
		return value
	}
	reflected := reflect.ValueOf(value)
	if reflected.Kind() != reflect.Slice {
		return fmt.Sprint(value)
	}
	parts := make([]string, reflected.Len())
	for i := range parts {
		parts[i] = Format(reflected.Index(i).Interface())
	}
	return strings.Join(parts, ",")
}
