package config

import (
	"maps"
	"reflect"
	"strings"

	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/internal/interval"
)

// DefenseSettings holds the settings that the registry of package defenses declares.
// The zero value holds the defaults.
type DefenseSettings struct {
	changed map[string]any // by key, those that are not the defaults; never changed in place
}

// Get returns the value of a key, such as pgd.steps: an int, float64, bool or string;
// nil if no defense declares the key.
func (d DefenseSettings) Get(key string) any {
	if value, ok := d.changed[key]; ok {
		return value
	}
	declaration, ok := lookup(key)
	if !ok || declaration.index != nil {
		return nil
	}
	value, err := declaration.convertScalar(declaration.Default)
	if err != nil {
		return nil
	}
	return value.Interface()
}

// Set sets the value of a key that a defense declares. It does not check it. Copies
// that were made before keep the old value.
func (d *DefenseSettings) Set(key string, value any) {
	before := d.Get(key)
	changed := maps.Clone(d.changed)
	delete(changed, key)
	if d.changed = changed; reflect.DeepEqual(value, (DefenseSettings{}).Get(key)) || before == nil {
		return
	}
	if d.changed == nil {
		d.changed = map[string]any{}
	}
	d.changed[key] = value
}

// declareDefenses returns the declarations of the settings of all defenses.
func declareDefenses() []Key {
	var keys []Key
	for _, d := range defenses.Definitions() {
		for _, s := range d.Settings {
			keys = append(keys, declareSetting(d, s))
		}
	}
	return keys
}

// declareSetting returns the declaration of a setting of a defense.
func declareSetting(d definition.Definition, s definition.Setting) Key {
	name := string(d.Kind) + "." + s.Key
	return Key{
		Name: name, Help: s.Help, Default: s.Default, hasDefault: true,
		Oneof: s.Oneof, Range: interval.Parse(s.Range),
		Env: []string{EnvPrefix + strings.ToUpper(strings.ReplaceAll(name, ".", "_"))},
		typ: d.TypeOf(s.Key), levels: s.Levels,
	}
}
