package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Flags are the command-line flags of a command that resolves a configuration:
// --preset, --config, --set, and one for each key that declares a flag.
type Flags struct {
	preset, file string
	sets         []string
	values       map[string]string // key -> value of the flags that were given
}

// AddFlags declares the flags on a command's flag set. The preset is used where
// --preset is not given; empty: none.
func AddFlags(set *pflag.FlagSet, preset string) *Flags {
	f := &Flags{values: map[string]string{}}
	set.StringVar(&f.preset, "preset", preset, "start from a preset: "+strings.Join(Presets(), ", "))
	set.StringVar(&f.file, "config", "", "configuration file (YAML)")
	set.StringArrayVar(&f.sets, "set", nil, "set any key, as `key=value`; may be repeated")
	for _, key := range declared() {
		if key.Flag == "" {
			continue
		}
		set.Var(&keyFlag{key: key, values: f.values}, key.Flag, fmt.Sprintf("%s (%s)", key.Help, key.Name))
	}
	return f
}

// Options returns what was given on the command line as options for [Load],
// completed by the environment.
func (f *Flags) Options(environ []string) Options {
	return Options{Preset: f.preset, File: f.file, Environ: environ, Sets: f.sets, Flags: f.values}
}

// setEntries reads the "key=value" of --set.
func setEntries(sets []string) ([]entry, error) {
	var entries []entry
	for _, set := range sets {
		key, value, ok := strings.Cut(set, "=")
		if !ok {
			return nil, invalidf("--set %s: must be key=value, such as --set train.epochs=5", set)
		}
		entries = append(entries, entry{key: strings.TrimSpace(key), raw: value, source: "--set", where: "--set"})
	}
	return entries, nil
}

// flagEntries reads the flags that were given.
func flagEntries(flags map[string]string) []entry {
	var entries []entry
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		key, _ := lookup(name) // without a declaration the name is refused when it is applied
		source := "flag --" + key.Flag
		entries = append(entries, entry{key: name, raw: flags[name], source: source, where: source})
	}
	return entries
}

// keyFlag notes the value of a key's flag; Load parses it.
type keyFlag struct {
	key    Key
	values map[string]string
}

// String returns the value given, empty before.
func (f *keyFlag) String() string { return f.values[f.key.Name] }

// Set notes the value.
func (f *keyFlag) Set(value string) error {
	f.values[f.key.Name] = value
	return nil
}

// Type names the kind of value in the help.
func (f *keyFlag) Type() string {
	kind := map[string]string{"whole number": "int", "number": "float", "true or false": "bool", "text": "string"}[scalarName(f.key.scalar())]
	if f.key.isList() {
		return kind + ",..."
	}
	return kind
}
