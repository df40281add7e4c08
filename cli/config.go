package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/internal/visible"
)

// newCmdConfig returns the group of commands about the configuration.
func newCmdConfig(streams *IOStreams) *cobra.Command {
	group := newGroup("config", "Show the configuration, its keys and its presets",
		newCmdConfigShow(streams, nil),
		newCmdConfigKeys(streams, nil),
		newCmdConfigPresets(streams, nil),
	)
	group.Long = `Each setting has a key. Its value comes from the defaults, a preset, a configuration
file, the environment, --set, or a flag of its own; later ones win. docs/config.md
lists all keys.`
	group.Example = `  backfire config show --preset quick
  backfire config presets paper`
	return group
}

// The output formats of the config commands.
const (
	formatTable    = "table"
	formatYAML     = "yaml"
	formatJSON     = "json"
	formatMarkdown = "markdown"
)

// configShowOptions are the options of "config show".
type configShowOptions struct {
	IO     *IOStreams
	Config config.Options
	Format string // table, yaml or json
}

// newCmdConfigShow returns the command that prints the resolved configuration.
func newCmdConfigShow(streams *IOStreams, runF func(context.Context, *configShowOptions) error) *cobra.Command {
	opts := &configShowOptions{IO: streams}
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print the resolved configuration with the source of each value",
		Long: `Print the configuration that a run with the same preset, file, environment and flags
would use, and the source of each value. The format yaml is a configuration file with
the same values.`,
		Example: `  backfire config show --preset quick
  backfire config show --preset paper --set attackers.p=0.4 --format yaml > my.yaml`,
		Args: arguments(),
	}
	flags := config.AddFlags(cmd.Flags(), "")
	format := addFormat(cmd, formatTable, formatYAML, formatJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		opts.Config, opts.Format = flags.Options(streams.Environ), format.value
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runConfigShow(opts)
	}
	return cmd
}

func runConfigShow(opts *configShowOptions) error {
	resolved, err := config.Load(opts.Config)
	if err != nil {
		return err
	}
	tellNotices(opts.IO, resolved.Notices)
	switch opts.Format {
	case formatYAML:
		text, err := resolved.YAML()
		if err != nil {
			return err
		}
		return write(opts.IO.Out, string(text))
	case formatJSON:
		text, err := json.MarshalIndent(resolved.Settings(), "", "  ")
		if err != nil {
			return fmt.Errorf("config show: write JSON: %w", err)
		}
		return write(opts.IO.Out, string(text)+"\n")
	default:
		rows := [][]string{{"KEY", "VALUE", "SOURCE"}}
		for _, setting := range resolved.Settings() {
			rows = append(rows, []string{setting.Key, shown(setting.Value), setting.Source})
		}
		return writeTable(opts.IO.Out, rows)
	}
}

// shown returns a value for a table, where an empty cell would look like an error.
func shown(value any) string {
	text := config.Format(value)
	switch {
	case value == nil:
		return "(unset)"
	case text == "":
		return "(empty)"
	default:
		return text
	}
}

// configKeysOptions are the options of "config keys".
type configKeysOptions struct {
	IO     *IOStreams
	Format string // table or markdown
}

// newCmdConfigKeys returns the command that prints the reference of all keys.
func newCmdConfigKeys(streams *IOStreams, runF func(context.Context, *configKeysOptions) error) *cobra.Command {
	opts := &configKeysOptions{IO: streams}
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "List all keys with default, allowed values and meaning",
		Long: `List all keys of the configuration with their default, meaning, allowed values, flag
and environment variables. The format markdown is docs/config.md.`,
		Example: `  backfire config keys
  backfire config keys | grep -A3 ^attackers`,
		Args: arguments(),
	}
	format := addFormat(cmd, formatTable, formatMarkdown)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		opts.Format = format.value
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runConfigKeys(opts)
	}
	return cmd
}

func runConfigKeys(opts *configKeysOptions) error {
	if opts.Format == formatMarkdown {
		return write(opts.IO.Out, config.Reference())
	}
	var text strings.Builder
	for _, key := range config.Keys() {
		names := key.Env
		if key.Flag != "" {
			names = append([]string{"--" + key.Flag}, names...)
		}
		fmt.Fprintf(&text, "%s = %s\n    %s\n    values: %s\n    also: %s\n",
			key.Name, key.DefaultText(), key.Help, key.Values(), strings.Join(names, ", "))
	}
	return write(opts.IO.Out, text.String())
}

// configPresetsOptions are the options of "config presets".
type configPresetsOptions struct {
	IO   *IOStreams
	Name string // the preset to print; empty: list them
}

// newCmdConfigPresets returns the command that lists the presets or prints one.
func newCmdConfigPresets(streams *IOStreams, runF func(context.Context, *configPresetsOptions) error) *cobra.Command {
	opts := &configPresetsOptions{IO: streams}
	return &cobra.Command{
		Use:   "presets [NAME]",
		Short: "List the presets, or print one with a comment for every value",
		Long: `List the presets, or print one of them. A preset is a configuration file within the
program; printed, it is a start for a file of your own.`,
		Example: `  backfire config presets
  backfire config presets quick > mine.yaml`,
		Args:      arguments("[NAME]"),
		ValidArgs: config.Presets(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Name = args[0]
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runConfigPresets(opts)
		},
	}
}

func runConfigPresets(opts *configPresetsOptions) error {
	if opts.Name != "" {
		text, err := config.PresetText(opts.Name)
		if err != nil {
			return err
		}
		return write(opts.IO.Out, text)
	}
	var rows [][]string
	for _, name := range config.Presets() {
		rows = append(rows, []string{name, config.PresetSummary(name)})
	}
	return writeTable(opts.IO.Out, rows)
}

// choice is the value of a flag that takes one of a few words.
type choice struct {
	value   string
	allowed []string
}

// addFormat declares --format with the allowed formats, the first the default.
func addFormat(cmd *cobra.Command, allowed ...string) *choice {
	format := &choice{value: allowed[0], allowed: allowed}
	cmd.Flags().Var(format, "format", "output format: "+strings.Join(allowed, ", "))
	return format
}

// String returns the word chosen.
func (c *choice) String() string { return c.value }

// Set chooses a word.
func (c *choice) Set(value string) error {
	if !slices.Contains(c.allowed, value) {
		return fmt.Errorf("must be one of %s", strings.Join(c.allowed, ", "))
	}
	c.value = value
	return nil
}

// Type names the kind of value in the help.
func (c *choice) Type() string { return "format" }

// write writes text as a whole.
func write(out io.Writer, text string) error {
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// writeTable writes rows as columns aligned by spaces, with control characters escaped.
func writeTable(out io.Writer, rows [][]string) error {
	var text strings.Builder
	shown := make([][]string, len(rows))
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for at, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = visible.Line(cell)
		}
		shown[at] = cells
		if _, err := fmt.Fprintln(table, strings.Join(cells, "\t")); err != nil {
			return fmt.Errorf("lay out the table: %w", err)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("lay out the table: %w", err)
	}
	if width := widthOf(out); !fitsTerminal(text.String(), width) {
		return write(out, stackedTable(shown, width))
	}
	return write(out, text.String())
}
