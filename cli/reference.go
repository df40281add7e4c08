package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"backfire/config"
)

// Reference returns the documentation of all commands as Markdown; docs/cli.md holds
// this text. It follows from the command tree alone.
func Reference() string {
	root := newCmdRoot(&IOStreams{})
	settings := settingFlags()
	var doc strings.Builder
	doc.WriteString(referenceIntroduction)
	for _, group := range root.Groups() {
		fmt.Fprintf(&doc, "\n## %s\n\n| command | purpose |\n|---|---|\n", strings.TrimSuffix(group.Title, ":"))
		walk(root, func(cmd *cobra.Command) {
			if inGroup(cmd, group.ID) {
				fmt.Fprintf(&doc, "| [%s](#%s) | %s |\n", cmd.CommandPath(), strings.ReplaceAll(cmd.CommandPath(), " ", "-"), cmd.Short)
			}
		})
		walk(root, func(cmd *cobra.Command) {
			if inGroup(cmd, group.ID) {
				writeCommand(&doc, cmd, settings)
			}
		})
	}
	doc.WriteString(settingsIntroduction)
	writeFlags(&doc, settings, func(*pflag.Flag) bool { return true })
	return doc.String()
}

const referenceIntroduction = `# The commands

This page describes every command with its flags. It has the text of ` + "`backfire COMMAND --help`" + `;
` + "`go test ./cli -run TestReference -regen`" + ` rewrites it from the command tree. The
[guide](guide.md) shows the commands by task, and [config.md](config.md) lists all settings.

Results go to standard output, everything else to standard error. All commands know ` + "`--help`" + `,
and ` + "`backfire --version`" + ` prints the version. The exit codes are 0 (done), 1 (failure), 2 (wrong call
or configuration), 3 (some models failed), 4 (work is left), 5 (verify could not make
all checks) and 130 (interrupted).
`

const settingsIntroduction = `
## Flags of settings

The commands that train take a flag for each setting that is often changed. ` + "`--set`" + ` sets any
key, and the brackets name the key of a flag.
`

// inGroup reports whether a command, or the command of the root that it is below, is
// in a group of the help and not hidden.
func inGroup(cmd *cobra.Command, id string) bool {
	for c := cmd; c.HasParent(); c = c.Parent() {
		if c.Hidden {
			return false
		}
		if c.GroupID != "" {
			return c.GroupID == id
		}
	}
	return false
}

// settingFlags returns the flags by which a configuration is set.
func settingFlags() *pflag.FlagSet {
	set := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	config.AddFlags(set, "")
	return set
}

// writeCommand writes the section of a command.
func writeCommand(doc *strings.Builder, cmd *cobra.Command, settings *pflag.FlagSet) {
	fmt.Fprintf(doc, "\n### %s\n\n%s.\n\n%s\n\n    %s\n", cmd.CommandPath(), cmd.Short, cmd.Long, cmd.UseLine())
	trains := true
	settings.VisitAll(func(flag *pflag.Flag) { trains = trains && cmd.Flags().Lookup(flag.Name) != nil })
	shown := func(flag *pflag.Flag) bool {
		common := settings.Lookup(flag.Name)
		return !flag.Hidden && flag.Name != "help" &&
			(!trains || common == nil || common.Usage != flag.Usage || common.DefValue != flag.DefValue)
	}
	writeFlags(doc, cmd.Flags(), shown)
	if trains {
		doc.WriteString("\nIt also takes the [flags of settings](#flags-of-settings).\n")
	}
	doc.WriteString("\nExamples:\n\n")
	for line := range strings.Lines(cmd.Example) {
		doc.WriteString("  " + line)
	}
	doc.WriteString("\n")
}

// writeFlags writes the table of the flags that are shown, and nothing if none is.
func writeFlags(doc *strings.Builder, set *pflag.FlagSet, shown func(*pflag.Flag) bool) {
	rows := [][]string{}
	set.VisitAll(func(flag *pflag.Flag) {
		if !shown(flag) {
			return
		}
		name := "`--" + flag.Name
		if flag.Shorthand != "" {
			name = "`-" + flag.Shorthand + "`, " + name
		}
		value, usage := pflag.UnquoteUsage(flag)
		if value != "" {
			name += " " + value
		}
		standard := flag.DefValue
		if slices.Contains([]string{"", "false", "[]"}, standard) || standard == "0" && strings.Contains(usage, "0:") {
			standard = ""
		}
		rows = append(rows, []string{name + "`", standard, usage})
	})
	if len(rows) == 0 {
		return
	}
	doc.WriteString("\n| flag | default | meaning |\n|---|---|---|\n")
	for _, row := range rows {
		fmt.Fprintf(doc, "| %s | %s | %s |\n", row[0], row[1], strings.ReplaceAll(row[2], "|", `\|`))
	}
}
