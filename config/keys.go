package config

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"backfire/internal/interval"
)

// envPrefix begins the name of every environment variable of the program.
const envPrefix = "BACKFIRE_"

// Key is the declaration of one setting, read from the tags of [Config].
type Key struct {
	Name    string            // full name, such as attackers.p0
	Help    string            // one line of description
	Default string            // the default in the notation of the command line; empty also if the key is unset by default
	Flag    string            // name of its own command-line flag; empty: none
	Env     []string          // environment variables; an earlier one overrides a later one
	Oneof   []string          // allowed words; empty: no list of words
	Range   interval.Interval // allowed numbers, of each element for a list

	hasDefault bool
	isPath     bool         // the value names a file or a directory, or each element does
	typ        reflect.Type // the type of the field
	index      []int        // the path to the field, for reflect.Value.FieldByIndex; nil for a setting in Config.Defenses
	initial    any          // the default of a setting in Config.Defenses
	levels     float64      // the smallest value of a setting in 8-bit units; 0: it has another unit
}

// Keys returns the declarations of all settings, in the order of [Config].
func Keys() []Key { return slices.Clone(declared()) }

// declared returns the declarations, which it reads once.
var declared = sync.OnceValue(func() []Key {
	return declare(reflect.TypeFor[Config](), "", nil)
})

// declare returns the declarations of one section and of the sections within it.
func declare(section reflect.Type, prefix string, path []int) []Key {
	var keys []Key
	for i := range section.NumField() {
		field := section.Field(i)
		name := prefix + field.Tag.Get("key")
		index := append(slices.Clone(path), i)
		if field.Type == reflect.TypeFor[DefenseSettings]() {
			keys = append(keys, declareDefenses()...)
			continue
		}
		if field.Type.Kind() == reflect.Struct {
			keys = append(keys, declare(field.Type, name+".", index)...)
			continue
		}
		key := Key{
			Name:  name,
			Help:  field.Tag.Get("help"),
			Flag:  field.Tag.Get("flag"),
			Oneof: strings.Fields(field.Tag.Get("oneof")),
			Range: interval.Parse(field.Tag.Get("range")),
			Env:   []string{envPrefix + strings.ToUpper(strings.ReplaceAll(name, ".", "_"))},
			typ:   field.Type,
			index: index,
		}
		key.Default, key.hasDefault = field.Tag.Lookup("default")
		key.isPath = field.Tag.Get("path") != ""
		if alias, ok := field.Tag.Lookup("env"); ok {
			key.Env = append(key.Env, alias)
		}
		keys = append(keys, key)
	}
	return keys
}

// lookup returns the declaration of a key.
func lookup(name string) (Key, bool) {
	i := slices.IndexFunc(declared(), func(key Key) bool { return key.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return declared()[i], true
}

// keysBelow returns the names of a section's keys; none if name is not a section.
func keysBelow(name string) []string {
	var names []string
	for _, key := range declared() {
		if strings.HasPrefix(key.Name, name+".") {
			names = append(names, key.Name)
		}
	}
	return names
}

// keyNames returns the names of all keys.
func keyNames() []string {
	names := make([]string, 0, len(declared()))
	for _, key := range declared() {
		names = append(names, key.Name)
	}
	return names
}

// Optional reports whether the key may be unset.
func (k Key) Optional() bool { return k.typ.Kind() == reflect.Pointer }

// DefaultText returns the default as text for a reader.
func (k Key) DefaultText() string {
	switch {
	case k.Optional():
		return "unset"
	case k.Default == "":
		return "empty"
	default:
		return k.Default
	}
}

// Values returns the allowed values in words: "sgd, adam, adamw", "list of numbers,
// each from 0 to 1".
func (k Key) Values() string {
	kind, allowed := k.kind(), k.Range.String()
	switch {
	case len(k.Oneof) > 0:
		return strings.Join(k.Oneof, ", ")
	case allowed == "":
		return kind
	case k.isList():
		return kind + ", each " + allowed
	case strings.HasPrefix(allowed, "from "):
		return kind + " " + allowed
	default:
		return kind + ", " + allowed
	}
}

// kind returns the type of the key's values in words: "number", "list of whole
// numbers".
func (k Key) kind() string {
	if k.isList() {
		return "list of " + scalarName(k.scalar()) + "s"
	}
	return scalarName(k.scalar())
}

// isList reports whether the key's values are lists.
func (k Key) isList() bool { return k.typ.Kind() == reflect.Slice }

// valueIn returns the key's value in a configuration, nil if it is unset.
func (k Key) valueIn(cfg *Config) any {
	if k.index == nil {
		return cfg.Defenses.value(k)
	}
	value := reflect.ValueOf(cfg).Elem().FieldByIndex(k.index)
	if k.Optional() {
		if value.IsNil() {
			return nil
		}
		value = value.Elem()
	}
	return value.Interface()
}

// scalar returns the kind of the key's values, or of their elements.
func (k Key) scalar() reflect.Kind {
	switch k.typ.Kind() {
	case reflect.Pointer, reflect.Slice:
		return k.typ.Elem().Kind()
	default:
		return k.typ.Kind()
	}
}

// scalarName returns the name of a kind of values in words.
func scalarName(kind reflect.Kind) string {
	switch kind {
	case reflect.Int, reflect.Uint64:
		return "whole number"
	case reflect.Float64:
		return "number"
	case reflect.Bool:
		return "true or false"
	default:
		return "text"
	}
}
