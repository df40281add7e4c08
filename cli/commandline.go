package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"backfire/datasets"
)

// commandLine writes down a call so that a shell would make it again: the
// command, its arguments, then the flags that were given, sorted by name.
func commandLine(cmd *cobra.Command, args []string) string {
	words := strings.Fields(cmd.CommandPath())
	for _, arg := range args {
		words = append(words, quoted(arg))
	}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			if flag.Value.Type() == "bool" && value == "true" {
				words = append(words, "--"+flag.Name)
				continue
			}
			words = append(words, "--"+flag.Name+"="+quoted(value))
		}
	})
	return strings.Join(words, " ")
}

// quoted protects a word from a shell where it needs that.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./,:=+@%", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// keySets sets the keys that flags gave a value, as --set does. A path of images
// (data.path) is that of the dataset folder.
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
