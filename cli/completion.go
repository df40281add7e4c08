package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/datasets"
	"backfire/defenses"
	"backfire/defenses/detect"
	"backfire/experiments/plan"
	"backfire/experiments/store"
)

// shells are the shells that completion knows.
var shells = []string{"bash", "zsh", "fish", "powershell"}

// CompletionOptions are the options of "completion".
type CompletionOptions struct {
	IO    *IOStreams
	Shell string
	Root  *cobra.Command
}

// newCmdCompletion returns the command that writes a completion script for a shell.
func newCmdCompletion(streams *IOStreams, runF func(context.Context, *CompletionOptions) error) *cobra.Command {
	opts := &CompletionOptions{IO: streams}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Write the script that completes commands in a shell",
		Long: `Write the script by which a shell completes commands, flags, presets, keys, defenses,
datasets, runs and models. SHELL is bash, zsh, fish or powershell. Bash also needs the
package bash-completion.`,
		Example: `  source <(backfire completion bash)
  backfire completion fish > ~/.config/fish/completions/backfire.fish`,
		Args:      oneOf("shell", shells, arguments("SHELL")),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Shell, opts.Root = args[0], cmd.Root()
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runCompletion(opts)
		},
	}
}

func runCompletion(opts *CompletionOptions) error {
	var text strings.Builder
	var err error
	switch opts.Shell {
	case "bash":
		err = opts.Root.GenBashCompletionV2(&text, true)
	case "zsh":
		err = opts.Root.GenZshCompletion(&text)
	case "fish":
		err = opts.Root.GenFishCompletion(&text, true)
	default:
		err = opts.Root.GenPowerShellCompletionWithDesc(&text)
	}
	if err != nil {
		return fmt.Errorf("completion: write the script: %w", err)
	}
	return write(opts.IO.Out, text.String())
}

// completer completes arguments and flags from a store and from the configuration's
// declarations.
type completer struct{ streams *IOStreams }

// addCompletions makes all commands below root complete their arguments and flags.
func addCompletions(root *cobra.Command, streams *IOStreams) {
	c := completer{streams}
	functions := map[string]cobra.CompletionFunc{
		"preset":     fixed(config.Presets()...),
		"set":        completeSetting,
		"defenders":  completeDefenders,
		"similarity": fixed(similarities()...),
		"run":        c.firstOf(c.runs, c.models),
		"plan":       c.firstOf(c.plans),
		"config":     cobra.FixedCompletions([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt),
		"device":     fixed("auto", "cpu", "cuda", "cuda:0"),
	}
	for _, key := range config.Keys() {
		if key.Flag != "" && len(key.Oneof) > 0 && functions[key.Flag] == nil {
			functions[key.Flag] = fixed(key.Oneof...)
		}
	}
	for _, name := range []string{"store", "dir", "data-dir", "figures", "tensorboard"} {
		functions[name] = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	}
	arguments := map[string]cobra.CompletionFunc{
		"models show": c.upTo(1, c.models), "models diff": c.upTo(2, c.models), "verify": c.firstOf(c.runs, c.models),
		"runs show": c.upTo(1, c.runs), "runs diff": c.upTo(2, c.models), "report": c.firstOf(c.runs),
		"status": c.upTo(1, c.plans), "collect": c.upTo(1, c.plans), "cancel": c.upTo(1, c.plans),
		"plan": completePlanned, "submit slurm": c.submitted,
		"audit":          fixedOrFile(config.Audits()),
		"equilibrium":    fixedOrFile(config.Games()),
		"sweep":          cobra.FixedCompletions([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt),
		"predict":        cobra.FixedCompletions([]string{"png", "jpg", "jpeg"}, cobra.ShellCompDirectiveFilterFileExt),
		"import-trigger": cobra.FixedCompletions([]string{"png"}, cobra.ShellCompDirectiveFilterFileExt),
	}
	walk(root, func(cmd *cobra.Command) {
		for name, function := range functions {
			if cmd.Flags().Lookup(name) != nil {
				_ = cmd.RegisterFlagCompletionFunc(name, function) // fails for a flag that has one already
			}
		}
		if flag := cmd.Flags().Lookup("format"); flag != nil {
			if format, ok := flag.Value.(*choice); ok {
				_ = cmd.RegisterFlagCompletionFunc("format", fixed(format.allowed...))
			}
		}
		switch function := arguments[pathOf(cmd)]; {
		case function != nil:
			cmd.ValidArgsFunction = function
		case cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0:
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
	})
}

// walk calls visit for a command and all commands below it.
func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, sub := range cmd.Commands() {
		walk(sub, visit)
	}
}

// fixed returns the completion of a few words.
func fixed(words ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}

// similarities returns the names of the ways to guess an agent.
func similarities() []string {
	var names []string
	for _, method := range detect.Methods() {
		names = append(names, string(method))
	}
	return names
}

// completeSetting completes key=value: the key and then, where a key has a list of
// allowed words, the value.
func completeSetting(_ *cobra.Command, _ []string, text string) ([]string, cobra.ShellCompDirective) {
	var words []string
	name, _, given := strings.Cut(text, "=")
	for _, key := range config.Keys() {
		switch {
		case !given:
			words = append(words, cobra.CompletionWithDesc(key.Name+"=", key.Help))
		case key.Name == name:
			for _, value := range key.Oneof {
				words = append(words, name+"="+value)
			}
		}
	}
	return words, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// completeDefenders completes the last defense of a list of defenders.
func completeDefenders(_ *cobra.Command, _ []string, text string) ([]string, cobra.ShellCompDirective) {
	before := text[:strings.LastIndexAny(text, ",+")+1]
	var words []string
	for _, name := range append([]string{config.NoDefense}, defenses.Names()...) {
		words = append(words, before+name)
	}
	return words, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// completeCommands completes the names of commands, for help.
func completeCommands(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	found, _, err := cmd.Root().Find(args)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, sub := range found.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// fixedOrFile returns the completion of the name of a file inside the program, or of any other file.
func fixedOrFile(words []string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveDefault)
}

// completePlanned completes "equilibrium FILE", "cheapest", and what completeSweep does.
func completePlanned(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 1 && args[0] == "equilibrium" {
		return fixedOrFile(config.Games())(cmd, args, text)
	}
	words, directive := completeSweep(cmd, args, text)
	if len(args) == 0 {
		words = append(words, "equilibrium", "cheapest")
	}
	return words, directive
}

// completeSweep completes "table NAME", "sweep FILE" and "audit FILE".
func completeSweep(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
	switch {
	case len(args) == 0:
		return []string{"table", "sweep", "audit"}, cobra.ShellCompDirectiveNoFileComp
	case len(args) == 1 && args[0] == "table":
		var names []string
		for _, table := range knownTables {
			names = append(names, cobra.CompletionWithDesc(table.name, table.about))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	case len(args) == 1 && args[0] == "audit":
		return fixedOrFile(config.Audits())(cmd, args, text)
	case len(args) == 1 && args[0] == "sweep":
		return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// submitted completes a sweep or a stored plan.
func (c completer) submitted(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
	words, directive := completeSweep(cmd, args, text)
	if len(args) == 0 {
		words = append(words, c.plans(c.store(cmd), text)...)
	}
	return words, directive
}

// store opens the store that the command line or the environment names; nil if there
// is none.
func (c completer) store(cmd *cobra.Command) *store.Store {
	dir := ""
	if flag := cmd.Flags().Lookup("store"); flag != nil && flag.Changed {
		dir = flag.Value.String()
	}
	st, err := openStore(storeConfig(c.streams, dir))
	if err != nil {
		return nil // a shell has no place for the error
	}
	return st
}

// firstOf returns the completion of words from the store, for any number of arguments.
func (c completer) firstOf(sources ...func(st *store.Store, text string) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, text string) ([]string, cobra.ShellCompDirective) {
		var words []string
		if st := c.store(cmd); st != nil {
			for _, source := range sources {
				words = append(words, source(st, text)...)
			}
		}
		return slices.DeleteFunc(words, func(word string) bool { return !strings.HasPrefix(word, text) }), cobra.ShellCompDirectiveNoFileComp
	}
}

// upTo returns the completion of words from the store for at most n arguments.
func (c completer) upTo(n int, source func(st *store.Store, text string) []string) cobra.CompletionFunc {
	complete := c.firstOf(source)
	return func(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, text)
	}
}

// runs returns latest and the hashes of the runs, the newest first.
func (c completer) runs(st *store.Store, _ string) []string {
	runs, err := storedRuns(st, func(error) {})
	if err != nil || len(runs) == 0 {
		return nil
	}
	words := []string{cobra.CompletionWithDesc(latestRun, runs[0].name())}
	for i := range runs {
		words = append(words, cobra.CompletionWithDesc(short(runs[i].hash), runs[i].name()))
	}
	return words
}

// models returns the hashes of the models that begin with text.
func (c completer) models(st *store.Store, text string) []string {
	hashes, err := st.Hashes()
	if err != nil {
		return nil
	}
	var words []string
	for _, hash := range hashes {
		if !strings.HasPrefix(hash, text) {
			continue // reading thousands of results takes too long for a shell
		}
		word := short(hash)
		if record, err := st.Glance(hash); err == nil {
			word = cobra.CompletionWithDesc(word, record.Cell.Title())
		}
		words = append(words, word)
	}
	return words
}

// plans returns the hashes of the stored plans.
func (c completer) plans(st *store.Store, _ string) []string {
	if st == nil {
		return nil
	}
	hashes, err := st.Plans(plan.File)
	if err != nil {
		return nil
	}
	words := make([]string, len(hashes))
	for i, hash := range hashes {
		words[i] = short(hash)
	}
	return words
}

// fetchable returns the datasets that have files to fetch or verify.
func fetchable() []string {
	var names []string
	for _, info := range datasets.Names() {
		if len(info.Files) > 0 {
			names = append(names, info.Name)
		}
	}
	return names
}
