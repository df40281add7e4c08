package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// parse converts a value from any source to the key's type and checks it. The sources
// agree: they give a text the same value or refuse it. The error holds the reason only,
// without key and value.
func (k Key) parse(raw written) (any, error) {
	switch {
	case k.Optional() && !raw.divided && null(raw.text):
		return nil, nil
	case raw.missing:
		return nil, fmt.Errorf("has no value%s; it must be %s", raw.remark, k.wanted())
	case raw.divided && !k.isList():
		return nil, fmt.Errorf("is a list; it must be %s", k.wanted())
	}
	value, err := k.convert(raw)
	if err != nil {
		return nil, err
	}
	return value, k.check(value)
}

// convert converts a value to the key's type without checking it.
func (k Key) convert(raw written) (any, error) {
	if !k.isList() {
		value, err := k.convertScalar(strings.TrimSpace(raw.text))
		if err != nil {
			return nil, err
		}
		return value.Interface(), nil
	}
	elements := raw.list
	if !raw.divided {
		var err error
		if elements, err = splitList(raw.text); err != nil {
			return nil, fmt.Errorf("%w; it must be %s", err, k.wanted())
		}
	}
	result := reflect.MakeSlice(k.typ, 0, len(elements))
	for _, element := range elements {
		element = strings.TrimSpace(element)
		if element == "" {
			return nil, fmt.Errorf("has an empty element; it must be %s", k.wanted())
		}
		value, err := k.convertScalar(element)
		if err != nil {
			return nil, err
		}
		result = reflect.Append(result, value)
	}
	return result.Interface(), nil
}

// convertScalar converts a text without outer spaces to the key's scalar type.
func (k Key) convertScalar(text string) (reflect.Value, error) {
	var value any = text
	var err error
	switch k.scalar() {
	case reflect.Int:
		value, err = parseInt(text)
	case reflect.Uint64:
		value, err = parseUint(text)
	case reflect.Float64:
		value, err = parseFloat(text)
	case reflect.Bool:
		value, err = strconv.ParseBool(text)
	default:
		if k.isPath {
			return reflect.ValueOf(value), checkPath(text)
		}
	}
	if err != nil {
		return reflect.Value{}, fmt.Errorf("must be %s", k.wanted())
	}
	return reflect.ValueOf(value), nil
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

// matches reports whether a value is the allowed word, or one of those for which the
// word K, a word that ends in ":K" or, for different numbers, one in ":K,K" stands.
func matches(word, value string) bool {
	if family, ok := strings.CutSuffix(word, ":K,K"); ok {
		rest, ok := strings.CutPrefix(value, family+":")
		numbers := strings.Split(rest, ",")
		return ok && len(numbers) > 1 && !slices.ContainsFunc(numbers, func(number string) bool { return !matches("K", number) }) &&
			len(slices.Compact(slices.Sorted(slices.Values(numbers)))) == len(numbers)
	}
	family, ok := strings.CutSuffix(word, "K")
	if !ok || family != "" && !strings.HasSuffix(family, ":") {
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
// they can be read back exactly, lists separated by commas, in which elements with
// commas are quoted, and nil (unset) as the empty text.
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
	return joinList(parts)
}

// number returns the shortest text from which the number can be read back exactly.
func number(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
