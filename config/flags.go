package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Flags holds the command-line flags of a command that resolves a configuration:
// --preset, --config, --set, and one for each key that declares a flag.
type Flags struct {
	preset, file string
	sets         []string
	values       map[string]string // key -> value of the flags that were given
}

// AddFlags declares the flags on a command's flag set. preset is the default of
// --preset; empty: none.
func AddFlags(set *pflag.FlagSet, preset string) *Flags {
	f := &Flags{values: map[string]string{}}
	set.StringVar(&f.preset, "preset", preset, "preset to start from: "+strings.Join(Presets(), ", "))
	set.StringVar(&f.file, "config", "", "configuration file (YAML)")
	set.StringArrayVar(&f.sets, "set", nil, "set any key, as `key=value`; can be repeated")
	for _, key := range declared() {
		if key.Flag == "" {
			continue
		}
		set.Var(&keyFlag{key: key, values: f.values}, key.Flag, fmt.Sprintf("%s (%s)", key.Help, key.Name))
	}
	return f
}

// Options returns the options for [Load] that the command line and the given
// environment amount to.
func (f *Flags) Options(environ []string) Options {
	return Options{Preset: f.preset, File: f.file, Environ: environ, Sets: f.sets, Flags: f.values}
}

// setEntries returns the settings of --set.
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

// flagEntries returns the settings of the flags that were given, sorted by key.
func flagEntries(flags map[string]string) []entry {
	var entries []entry
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		key, _ := lookup(name) // an unknown key is refused when it is applied
		source := "flag --" + key.Flag
		entries = append(entries, entry{key: name, raw: flags[name], source: source, where: source})
	}
	return entries
}

// keyFlag records the value of a key's flag, which [Load] parses.
type keyFlag struct {
	key    Key
	values map[string]string
}

// String returns the recorded value; empty if there is none.
func (f *keyFlag) String() string { return f.values[f.key.Name] }

// Set records the value.
func (f *keyFlag) Set(value string) error {
	f.values[f.key.Name] = value
	return nil
}

// Type returns the kind of value that the help shows.
func (f *keyFlag) Type() string {
	kind := map[string]string{"whole number": "int", "number": "float", "true or false": "bool", "text": "string"}[scalarName(f.key.scalar())]
	if f.key.isList() {
		return kind + ",..."
	}
	return kind
}
