package config

import (
	"encoding/json"
	"fmt"
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
	declaration, ok := lookup(key)
	if !ok || declaration.index != nil {
		return nil
	}
	return d.value(declaration)
}

// value returns the value of a key that a defense declares.
func (d DefenseSettings) value(key Key) any {
	if value, ok := d.changed[key.Name]; ok {
		return value
	}
	return key.initial
}

// Set sets the value of a key that a defense declares. It does not check it. Copies
// that were made before keep the old value.
func (d *DefenseSettings) Set(key string, value any) {
	initial := (DefenseSettings{}).Get(key)
	changed := maps.Clone(d.changed)
	delete(changed, key)
	if d.changed = changed; initial == nil || value == initial {
		return
	}
	if d.changed == nil {
		d.changed = map[string]any{}
	}
	d.changed[key] = value
}

// MarshalJSON writes the settings that are not the defaults, by key.
func (d DefenseSettings) MarshalJSON() ([]byte, error) {
	changed := d.changed
	if changed == nil {
		changed = map[string]any{}
	}
	return json.Marshal(changed)
}

// UnmarshalJSON reads what MarshalJSON writes. It refuses keys that no defense declares,
// and values of another type; it does not check their ranges.
func (d *DefenseSettings) UnmarshalJSON(data []byte) error {
	var written map[string]json.RawMessage
	if err := json.Unmarshal(data, &written); err != nil {
		return fmt.Errorf("config: read settings of defenses: %w", err)
	}
	d.changed = nil
	for key, text := range written {
		declaration, ok := lookup(key)
		if !ok || declaration.index != nil {
			return invalidf("settings of defenses: %q is not a key of theirs", key)
		}
		value := reflect.New(declaration.typ)
		if err := json.Unmarshal(text, value.Interface()); err != nil {
			return invalidf("settings of defenses: %s: %w", key, err)
		}
		d.Set(key, value.Elem().Interface())
	}
	return nil
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
	key := Key{
		Name: name, Help: s.Help, Default: s.Default, hasDefault: true,
		Oneof: s.Oneof, Range: interval.Parse(s.Range),
		Env: []string{envPrefix + strings.ToUpper(strings.ReplaceAll(name, ".", "_"))},
		typ: d.TypeOf(s.Key), levels: s.Levels,
	}
	if value, err := key.convertScalar(s.Default); err == nil { // a test requires it of all
		key.initial = value.Interface()
	}
	return key
}
