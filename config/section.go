package config

import "strings"

// Section returns the settings of a section of the configuration, such as cutmix, in the order of [Config]:
// keys without the section's name, values as [Format] writes them. It returns nil if there is no such section.
func (c Config) Section(name string) []OwnSetting {
	var settings []OwnSetting
	for _, key := range declared() {
		if own, ok := strings.CutPrefix(key.Name, name+"."); ok {
			settings = append(settings, OwnSetting{Key: own, Value: Format(key.valueIn(&c))})
		}
	}
	return settings
}
