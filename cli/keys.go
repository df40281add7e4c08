package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"backfire/config"
	"backfire/datasets"
)

// presetKeys in the list of a command's keys declares --preset.
const presetKeys = "preset"

// addKeys declares --config, --set and the flags of the keys that a command uses. A key
// that ends with a dot stands for a section. --set refuses other keys.
func addKeys(cmd *cobra.Command, keys ...string) *config.Flags {
	all := pflag.NewFlagSet(cmd.Name(), pflag.ContinueOnError)
	flags := config.AddFlags(all, "")
	used := func(key string) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return k == key || strings.HasSuffix(k, ".") && strings.HasPrefix(key, k) })
	}
	cmd.Flags().AddFlag(all.Lookup("config"))
	set := all.Lookup("set")
	set.Usage = "set a key that the command uses, as `key=value`; may be repeated; the keys are " + keysText(keys)
	cmd.Flags().AddFlag(set)
	if slices.Contains(keys, presetKeys) {
		cmd.Flags().AddFlag(all.Lookup("preset"))
	}
	var names []string
	for _, key := range config.Keys() {
		if !used(key.Name) {
			continue
		}
		names = append(names, key.Name)
		if key.Flag != "" {
			cmd.Flags().AddFlag(all.Lookup(key.Flag))
		}
	}
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		for _, set := range flags.Options(nil).Sets {
			key, _, _ := strings.Cut(set, "=")
			key = strings.TrimSpace(key)
			if isKey(key) && !used(key) {
				return Usagef("%s: --set %s: the command uses only %s", pathOf(cmd), key, strings.Join(names, ", "))
			}
		}
		return nil
	}
	return flags
}

// keysText lists the keys that a command uses, for people.
func keysText(keys []string) string {
	var names []string
	for _, key := range keys {
		if strings.HasSuffix(key, ".") {
			key += "*"
		}
		if key != presetKeys {
			names = append(names, key)
		}
	}
	return strings.Join(names, ", ")
}

// isKey reports whether the configuration has a key. Package config refuses others,
// with the nearest name.
func isKey(name string) bool {
	return slices.ContainsFunc(config.Keys(), func(key config.Key) bool { return key.Name == name })
}

// copyFlags adds the flags of another command to cmd, except those with the given
// names, which have no meaning for it.
func copyFlags(cmd, from *cobra.Command, except ...string) {
	from.Flags().VisitAll(func(flag *pflag.Flag) {
		if !slices.Contains(except, flag.Name) {
			cmd.Flags().AddFlag(flag)
		}
	})
}

// keySets returns settings of keys in the form of --set, without empty ones. A path of
// images (data.path) selects the dataset folder.
func keySets(values map[string]string) []string {
	if values["data.path"] != "" {
		values["data.name"] = datasets.Folder
	}
	var sets []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if values[key] != "" {
			sets = append(sets, key+"="+values[key])
		}
	}
	return sets
}

// storedFlags are the flags of a command that reads a store and the images of its results.
type storedFlags struct{ store, dataDir, dataPath, resize, contributors string }

// addStoredFlags declares the flags of a store and its images.
func addStoredFlags(set *pflag.FlagSet) *storedFlags {
	f := &storedFlags{}
	set.StringVar(&f.store, "store", "", "directory of the run store (store)")
	set.StringVar(&f.dataDir, "data-dir", "", "data directory with one directory per dataset (data.dir)")
	set.StringVar(&f.dataPath, "data-path", "", "directory or archive of images, for the dataset folder (data.path)")
	set.StringVar(&f.resize, "data-resize", "", "size and filter, where the models had images of a folder resized (data.resize)")
	set.StringVar(&f.contributors, "data-contributors", "", "folders or column, where the models' agents were real contributors (data.contributors)")
	return f
}

// sets returns the flags' values as those of configuration keys.
func (f *storedFlags) sets() map[string]string {
	return map[string]string{
		"store": f.store, "data.dir": f.dataDir, "data.path": f.dataPath, "data.resize": f.resize, "data.contributors": f.contributors,
	}
}
