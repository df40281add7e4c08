package config

import (
	"fmt"
	"slices"

	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/triggers"
)

// AddDefense adds a defense of a defender to a stack and returns its kind. It has the
// settings of its section of the configuration, except those that its variant fixes and
// those of its own. What the section sets and the defense does not read beside the other
// settings has its default.
func (c Config) AddDefense(s *defenses.Stack, part DefensePart) (defenses.Kind, error) {
	d, variant, err := defenses.Named(part.Name)
	if err != nil {
		return "", err
	}
	if err := s.AddDefault(d.Kind); err != nil {
		return "", err
	}
	section := c.Section(string(d.Kind))
	for _, setting := range append(section, c.simulated(d)...) {
		if err := s.Set(d.Kind, setting.Key, setting.Value); err != nil {
			return "", fmt.Errorf("%s: %w", d.Kind, err)
		}
	}
	for key, value := range variant.Fixed {
		if err := s.Set(d.Kind, key, value); err != nil {
			return "", fmt.Errorf("%s: %w", part.Name, err)
		}
	}
	for _, own := range part.Own {
		if fixed, ok := variant.Fixed[own.Key]; ok {
			return "", fmt.Errorf("%s: %s is %s in %s", part, own.Key, fixed, part.Name)
		}
		if err := s.Set(d.Kind, own.Key, own.Value); err != nil {
			return "", fmt.Errorf("%s: %w", part, err)
		}
	}
	return d.Kind, leaveUnread(s, d, part, section)
}

// simulated returns the settings of the triggers that a defense draws: they are read as the
// attackers' are.
func (c Config) simulated(d definition.Definition) []OwnSetting {
	switch {
	case !d.Triggers:
		return nil
	case c.Trigger.Range == string(triggers.Whole): // which has no box
		return []OwnSetting{{"range", c.Trigger.Range}, {"p1", "0"}}
	default:
		return []OwnSetting{{"range", c.Trigger.Range}}
	}
}

// leaveUnread gives the settings of a section that a defense does not read their defaults.
func leaveUnread(s *defenses.Stack, d definition.Definition, part DefensePart, section []OwnSetting) error {
	reads := readsOf(s.Settings(d.Kind))
	var unread []definition.Setting
	for _, setting := range d.Settings {
		inSection := DefensePart{Own: section}.sets(setting.Key)
		if inSection && !part.sets(setting.Key) && !reads(setting.Key) {
			unread = append(unread, setting)
		}
	}
	for _, setting := range unread {
		if err := s.Set(d.Kind, setting.Key, setting.Default); err != nil {
			return fmt.Errorf("%s: %w", d.Kind, err)
		}
	}
	return nil
}

// readsOf returns the function that reports whether a defense reads one of its settings
// beside the others. Settings that do not say so are read.
func readsOf(settings any) func(key string) bool {
	if own, ok := settings.(interface{ Reads(key string) bool }); ok {
		return own.Reads
	}
	return func(string) bool { return true }
}

// reads reports whether a part of a defender takes a setting of its defense from the
// configuration.
func (p DefensePart) reads(setting string, c *Config) bool {
	d, variant, err := defenses.Named(p.Name)
	_, fixed := variant.Fixed[setting]
	if err != nil || p.sets(setting) || fixed {
		return false
	}
	if _, chooses := d.New().(interface{ Reads(key string) bool }); !chooses {
		return true
	}
	var s defenses.Stack
	kind, err := c.AddDefense(&s, p)
	return err != nil || readsOf(s.Settings(kind))(setting) // a fault is reported elsewhere
}

// sets reports whether a part has a value of its own for a setting.
func (p DefensePart) sets(setting string) bool {
	return slices.ContainsFunc(p.Own, func(s OwnSetting) bool { return s.Key == setting })
}

// partsOf returns the parts of all defenders that are a defense or one of its variants.
func (c *Config) partsOf(d definition.Definition) []DefensePart {
	var all []DefensePart
	for _, defender := range c.Defenders {
		parts, _ := ParseDefender(defender) // defendersAreKnown has checked it
		for _, part := range parts {
			if slices.Contains(d.Names(), part.Name) {
				all = append(all, part)
			}
		}
	}
	return all
}

// requiredAreSet requires the settings that a defense must have where it reads them, and
// refuses them where it is played and does not.
func requiredAreSet(c Config) *fault {
	for _, d := range defenses.Definitions() {
		for _, setting := range d.Settings {
			if !setting.Required {
				continue
			}
			key, _ := lookup(string(d.Kind) + "." + setting.Key)
			f := &fault{key: key.Name, value: key.valueIn(&c)}
			set, reader := Format(f.value) != setting.Default, c.reader(d, setting)
			switch {
			case set && reader == "" && len(c.partsOf(d)) > 0:
				f.reason = "must be " + setting.Default + " with defenders = " + Format(c.Defenders) + ", none of which reads it"
				return f
			case !set && reader != "":
				f.reason = "must be at least 1 with " + reader
				return f
			}
		}
	}
	return nil
}

// reader returns what reads a setting of a defense from the configuration: a defender, or
// the section as it is set; empty for nothing.
func (c *Config) reader(d definition.Definition, setting definition.Setting) string {
	for _, s := range c.Section(string(d.Kind)) {
		key, _ := lookup(string(d.Kind) + "." + s.Key)
		if s.Value != key.Default && s.Key != setting.Key && (DefensePart{Name: string(d.Kind)}).reads(setting.Key, c) {
			return key.Name + " = " + s.Value
		}
	}
	for _, part := range c.partsOf(d) {
		if part.reads(setting.Key, c) {
			return "defender " + part.Name
		}
	}
	return ""
}
