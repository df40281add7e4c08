package config

import (
	"fmt"
	"slices"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
)

// Options names the sources of a configuration. The zero value takes the defaults
// alone. Load reads neither the environment nor the command line of the process, so
// that the caller decides what counts.
type Options struct {
	Preset  string            // name of a preset; empty: none
	File    string            // path of a configuration file (YAML); empty: none
	Environ []string          // environment as "NAME=value", see os.Environ
	Sets    []string          // the "key=value" of each --set
	Flags   map[string]string // key -> value of the flags that were given
}

// Resolved is a configuration together with the source of each of its values.
type Resolved struct {
	Config Config
	// Sources holds the source of each key's value: "default", "preset quick",
	// "file x.yaml", "env BACKFIRE_SEED", "--set" or "flag --seed".
	Sources map[string]string
	// Notices are sentences on settings of the user that the configuration does not read, and
	// that are no errors.
	Notices []string
}

// Setting is one resolved value.
type Setting struct {
	Key    string `json:"key"`
	Value  any    `json:"value"` // nil if the key is unset
	Source string `json:"source"`
}

// Settings returns all values with their sources, in the order of [Config].
func (r *Resolved) Settings() []Setting {
	settings := make([]Setting, 0, len(declared()))
	for _, key := range declared() {
		settings = append(settings, Setting{Key: key.Name, Value: key.valueIn(&r.Config), Source: r.Sources[key.Name]})
	}
	return settings
}

// Load resolves a configuration from defaults, preset, file, environment, --set and
// flags, each of which overrides those before it; a list replaces the whole list. It
// refuses unknown keys and values that are not allowed in every source, even if
// another source overrides them, settings that contradict each other, and settings that
// the user made and that have no effect. It takes HOME, for paths that begin with ~/,
// from opts.Environ. Errors wrap [ErrInvalid] and name the key, the value, its place and what is allowed.
func Load(opts Options) (*Resolved, error) {
	resolved, where, err := resolve(opts, nil)
	if err != nil {
		return nil, err
	}
	if err := resolved.Config.validate(where); err != nil {
		return nil, err
	}
	if faults := withoutEffect(effectRules, &resolved.Config, resolved.Sources, where); len(faults) > 0 {
		return nil, faults[0]
	}
	rules := append(slices.Clone(noticeRules()), effectRule{"indexing.honest", allAttack})
	resolved.Notices = noticesOf(withoutEffect(rules, &resolved.Config, resolved.Sources, where))
	return resolved, nil
}

// resolve resolves a configuration without validating it as a whole, and returns the
// place of each key's value, too. A sweep's base comes between preset and file.
func resolve(opts Options, base []entry) (resolved *Resolved, where map[string]string, err error) {
	l := &loader{settings: viper.New(), sources: map[string]string{}, where: map[string]string{}}
	steps := []func() error{
		l.defaults,
		func() error { return l.apply(presetEntries(opts.Preset)) },
		func() error { return l.apply(base, nil) },
		func() error { return l.apply(fileEntries(opts.File, opts.Environ)) },
		func() error { return l.apply(environEntries(opts.Environ)) },
		func() error { return l.apply(setEntries(opts.Sets)) },
		func() error { return l.apply(flagEntries(opts.Flags), nil) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, nil, err
		}
	}
	cfg, err := l.decode()
	if err != nil {
		return nil, nil, err
	}
	if err := expandPaths(&cfg, homeOf(opts.Environ), l.where); err != nil {
		return nil, nil, err
	}
	return &Resolved{Config: cfg, Sources: l.sources}, l.where, nil
}

// entry is one setting of one source, as it is written there.
type entry struct {
	key    string
	raw    written
	source string // as in Resolved.Sources
	where  string // source and place in it, for error messages
}

// resolve returns the entry's key and its value in the key's type.
func (e entry) resolve() (Key, any, error) {
	key, ok := lookup(e.key)
	if !ok {
		return Key{}, nil, &fault{key: e.key, where: e.where, reason: unknown(e.key)}
	}
	value, err := key.parse(e.raw)
	if err != nil {
		return Key{}, nil, &fault{key: e.key, value: e.raw.shown(), where: e.where, reason: err.Error()}
	}
	return key, value, nil
}

// loader collects settings, source by source.
type loader struct {
	settings *viper.Viper
	sources  map[string]string
	where    map[string]string
}

// defaults sets the declared defaults.
func (l *loader) defaults() error {
	for _, key := range declared() {
		l.sources[key.Name] = "default"
		if !key.hasDefault {
			continue
		}
		value, err := key.parse(written{text: key.Default})
		if err != nil {
			return fmt.Errorf("config: default of %s: %w", key.Name, err)
		}
		l.settings.SetDefault(key.Name, value)
	}
	return nil
}

// apply sets the entries of one source. It converts values to their key's type. viper
// could do so when it reads files and variables, but it does not know the place of a
// wrong value, and it takes the type from the text instead of the key: 010 becomes 8. An
// error of reading the source is returned as it is.
func (l *loader) apply(entries []entry, err error) error {
	if err != nil {
		return err
	}
	for _, e := range entries {
		key, value, err := e.resolve()
		if err != nil {
			return err
		}
		l.settings.Set(key.Name, value)
		l.sources[key.Name], l.where[key.Name] = e.source, e.where
	}
	return nil
}

// decode returns the typed configuration. A setting without a field is an error.
func (l *loader) decode() (Config, error) {
	var cfg Config
	typed := viper.New()
	for _, key := range declared() {
		if value := l.settings.Get(key.Name); key.index == nil {
			cfg.Defenses.Set(key.Name, value)
		} else {
			typed.Set(key.Name, value)
		}
	}
	err := typed.UnmarshalExact(&cfg, func(d *mapstructure.DecoderConfig) {
		d.TagName = "key"
		d.WeaklyTypedInput = false
	})
	if err != nil {
		return Config{}, fmt.Errorf("config: decode: %w", err)
	}
	return cfg, nil
}

// unknown returns the reason why a name is not a key, with the nearest key.
func unknown(name string) string {
	if below := keysBelow(name); len(below) > 0 {
		return "is a section, not a key; give its keys, such as " + below[0]
	}
	return "is not a key; the nearest one is " + Nearest(name, keyNames())
}
