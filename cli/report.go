package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments/inference"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/figures"
	"backfire/internal/buildinfo"
	"backfire/internal/words"
	"backfire/report/page"
)

// ReportOptions are the options of "report".
type ReportOptions struct {
	StoredModelsOptions // of --ask, and whose store, data.dir and data.path are read
	IO                  *IOStreams
	Ask                 bool     // ask stored models for features and probabilities
	Runs                []string // summaries or the beginnings of their hashes; none: all of the store
	Out                 string   // the page; empty: none
	Figures             string   // directory of the figures; empty: none
	Formats             []figures.Format
	Width               figures.Width // of the figures; 0: that of a phone
	Build               buildinfo.Build
}

// newCmdReport returns the command that makes a page of stored results.
func newCmdReport(streams *IOStreams, runF func(context.Context, *ReportOptions) error) *cobra.Command {
	opts := &ReportOptions{StoredModelsOptions: newStoredModelsOptions(streams), IO: streams, Build: buildinfo.This()}
	cmd := &cobra.Command{
		Use:   "report [RUN...]",
		Short: "Make an HTML page and figures of stored results",
		Long: `Make one HTML page of stored results: tables beside the paper's figures, the
paper's claims with their statistics, figures, every trigger, the exact
configuration, versions, machines and the commands. The page is one file that
needs no network, and nothing is trained for it.

A RUN is the summary of a run, table or sweep, DIR/plans/HASH/sweep.json (of older
versions also summary.json), or the beginning of its HASH in the store. Without any,
the page shows all of the store. With --figures each figure is also written as SVG,
PDF and PNG, or in the formats of --format, with a description in a text file; --width
gives it the width of a column, of the text or of a page in print. Triggers are drawn
where the images of the dataset are found (data.dir, and data.path for folders of
images).

With --ask the model of the largest game without a defense is asked about some held-out
images, where it is stored (artefacts.model=true): the page then shows its penultimate
features in two dimensions, and how sure it is of images with triggers. That takes the
engine, and seconds for each table.`,
		Example: `  backfire report -o report.html
  backfire report 3e24d2 runs/plans/fa52aa/sweep.json --figures figures
  backfire report --figures figures --format pdf --width column
  backfire report --store runs --data-dir /data -o report.html`,
	}
	var width string
	var formats []string
	cmd.Args = arguments("[RUN...]")
	set := cmd.Flags()
	pathVar(set, streams, &opts.Out, "out", "o", "report.html", "file of the page; empty: none")
	pathVar(set, streams, &opts.Figures, "figures", "", "", "directory for the figures; empty: none")
	set.StringSliceVar(&formats, "format", formatNames(), "formats of the figures")
	set.StringVar(&width, "width", "screen", "width of the figures: screen (272 points), column (252), text (397) or page (516)")
	set.BoolVar(&opts.Ask, "ask", false, "ask the stored model of each table's largest game for features and probabilities; takes the engine")
	stored := addStoredFlags(set)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Runs = args
		var err error
		if opts.Formats, opts.Width, err = figureForms(formats, width); err != nil {
			return err
		}
		opts.Config = config.Options{Environ: streams.Environ}
		opts.Config.Sets = keySets(stored.sets())
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runReport(cmd.Context(), opts)
	}
	return cmd
}

// runReport makes the page and the figures.
func runReport(ctx context.Context, opts *ReportOptions) error {
	resolved, err := config.Load(opts.Config)
	if err != nil {
		return err
	}
	summaries, err := findSummaries(opts.Runs, resolved.Config.Store)
	if err != nil {
		return err
	}
	p, err := page.New(ctx, page.Input{
		Summaries: summaries, Load: opts.Load, Images: plan.SourceOf(resolved.Config), Ask: opts.asker(),
		Program: store.Build{Version: opts.Build.Version, Commit: opts.Build.Commit, Go: opts.Build.Go},
	})
	if err != nil {
		return err
	}
	for _, note := range slices.Concat(p.Notes, p.Census) {
		tell(opts.IO.ErrOut, "%s\n", note)
	}
	if opts.Out != "" {
		if err := writeWhole(opts.Out, "write the report", p.Write); err != nil {
			return err
		}
		tell(opts.IO.Out, "%s: %s\n", opts.Out, p.Lead)
	}
	if opts.Figures == "" {
		return nil
	}
	if len(opts.Formats) == 0 {
		opts.Formats = figures.Formats()
	}
	n, err := writeFigures(opts.Figures, p, opts.Formats, cmp.Or(opts.Width, figures.Narrow))
	if err != nil {
		return err
	}
	var names []string
	for _, format := range opts.Formats {
		names = append(names, strings.ToUpper(string(format)))
	}
	tell(opts.IO.Out, "%s: %s as %s\n", opts.Figures, words.Plural(n, "figure"), inWords(names))
	return nil
}

// asker returns what asks the models of a store; nil without --ask.
func (o *ReportOptions) asker() func(string) page.Asker {
	if !o.Ask {
		return nil
	}
	return func(dir string) page.Asker { return &reportAsker{o, dir} }
}

// reportAsker asks the models of one store.
type reportAsker struct {
	opts *ReportOptions
	dir  string
}

// Examine asks a model, see page.Asker.
func (a *reportAsker) Examine(ctx context.Context, hash string, images []uint8) (probabilities, features [][]float32, err error) {
	models, err := a.opts.open()
	if err != nil {
		return nil, nil, err
	}
	if models.Store, err = store.OpenExisting(a.dir); err != nil {
		return nil, nil, err
	}
	return (&inference.Client{StoredModels: models}).Examine(ctx, hash, images)
}

// findSummaries reads the requested summaries.
func findSummaries(runs []string, dir string) ([]*summary.Summary, error) {
	var paths []string
	for _, run := range runs {
		switch info, err := os.Stat(run); {
		case err == nil && !info.IsDir():
			paths = append(paths, run)
			continue
		case strings.ContainsRune(run, filepath.Separator):
			return nil, Usagef("report %s: there is no such summary: give DIR/plans/HASH/sweep.json or summary.json, or the beginning of a hash", run)
		}
		found, err := inStore(dir, run)
		if err != nil {
			return nil, err
		}
		paths = append(paths, found...)
	}
	if len(runs) == 0 {
		found, err := inStore(dir, "")
		if err != nil {
			return nil, err
		}
		paths = found
	}
	spareTime(paths)
	var summaries []*summary.Summary
	for _, path := range paths {
		summary, err := summary.Load(path)
		if err != nil {
			return nil, err
		}
		summaries = append(summaries, summary)
	}
	return summaries, nil
}

// A report of little data ends sooner if it collects garbage at a larger growth of the heap, in percent, unless GOGC
// says otherwise: one result of a thousand attackers takes 70 MB in place of 55.
const (
	littleData    = 4 << 20 // bytes of summaries
	collectSeldom = 300
)

// spareTime sets the growth of the heap for the summaries at paths.
func spareTime(paths []string) {
	var size int64
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			size += info.Size()
		}
	}
	if size <= littleData && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectSeldom)
	}
}

// inStore lists the summaries of a store whose hash has the prefix.
func inStore(dir, prefix string) ([]string, error) {
	st, err := store.OpenExisting(dir)
	if err != nil {
		return nil, &UsageError{Err: err}
	}
	if prefix, err = runName(st, prefix); err != nil {
		return nil, err
	}
	paths, err := st.Summaries(prefix)
	if errors.Is(err, store.ErrNoSummary) {
		return nil, &UsageError{Err: err}
	}
	return paths, err
}

// figureAction names the action in errors about writing figures.
const figureAction = "write a figure"

// inWords joins names: "SVG, PDF and PNG".
func inWords(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// formatNames returns the names of all formats of figures.
func formatNames() []string {
	var names []string
	for _, format := range figures.Formats() {
		names = append(names, string(format))
	}
	return names
}

// figureForms returns the formats and the width that flags name.
func figureForms(formats []string, width string) ([]figures.Format, figures.Width, error) {
	var all []figures.Format
	for _, name := range formats {
		if !slices.Contains(formatNames(), name) {
			return nil, 0, Usagef("report: --format %s: must be some of %s", name, strings.Join(formatNames(), ", "))
		}
		all = append(all, figures.Format(name))
	}
	widths := map[string]figures.Width{"screen": figures.Narrow, "column": figures.Column, "text": figures.Text, "page": figures.Page}
	if widths[width] == 0 {
		return nil, 0, Usagef("report: --width %s: must be screen, column, text or page", width)
	}
	return all, widths[width], nil
}

// writeFigures writes the figures of a page and returns how many there are.
func writeFigures(dir string, p *page.Page, formats []figures.Format, width figures.Width) (int, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, fmt.Errorf("make the directory for the figures: %w", err)
	}
	names := map[string]int{}
	n := 0
	for _, section := range p.Sections {
		for _, f := range section.Drawings() {
			stem := f.Name
			if names[stem]++; names[stem] > 1 {
				stem += fmt.Sprintf("-%d", names[stem])
			}
			for _, format := range formats {
				fill := func(w io.Writer) error { return f.Write(w, format, width) }
				if err := writeWhole(filepath.Join(dir, stem+"."+string(format)), figureAction, fill); err != nil {
					return n, err
				}
			}
			text := func(w io.Writer) error { return write(w, f.Alt()+"\n") }
			if err := writeWhole(filepath.Join(dir, stem+".txt"), figureAction, text); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}
