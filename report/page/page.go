// Package page makes one self-contained HTML page of stored results: tables beside the
// paper's figures, claims, drawings, every trigger, and the settings, versions and
// commands with which the results can be reproduced. The page uses neither the network
// nor other files.
package page

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"backfire/claims"
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/figures"
	"backfire/internal/visible"
	"backfire/internal/words"
	"backfire/report"
	"backfire/report/layout"
	"backfire/report/table"
)

// ErrEmpty is returned where none of the summaries has a result.
var ErrEmpty = errors.New("no results to show")

//go:embed page.gohtml
var pageSource string

// Input holds the content of a page.
type Input struct {
	// Summaries are shown in their order.
	Summaries []*summary.Summary
	// Program is the program that makes the page.
	Program store.Build
	// Images is the place of the images; New sets its Name and Split. Load loads them.
	Images datasets.Source
	Load   cell.Loader
	// Ask returns what asks the stored models of a store, for the features and probabilities of some images; nil:
	// they are not asked.
	Ask func(store string) Asker
}

// Page is a page before it has a form.
type Page struct {
	Title, Lead string
	Sections    []*Section
	Galleries   []*Gallery
	Machines    []Machine
	Models      []Model
	Commands    []string
	Program     store.Build
	Notes       []string // parts that cannot be shown, with the reasons
	Census      []string // the files of the users' datasets
	// Live makes the page follow its store; nil: it is a file.
	Live *Live
}

// Live tells a page where it hears of changes of its store.
type Live struct {
	// Events is the path of the server-sent events about the page, and Version what it shows.
	Events, Version string
	State           string // of the run, for people
	Home            string // path of the list of runs
}

// Section is a summary on one of its datasets.
type Section struct {
	ID, Title string
	Table     *table.Table
	Body      template.HTML     // the table
	Seconds   []SecondTable     // what report.SecondTables has for it
	Attackers *layout.DataTable // every attacker of every game; nil: none
	// Exploratory reports whether Table.Finding was not fixed before training.
	Exploratory bool
	Lead        *layout.Drawing // the figure beside the finding; nil: none
	Claims      []ClaimGroup
	Silent      []Claim // answers on claims that the games do not speak to
	Figures     []layout.Drawing
	Fooled      []Fooled // of the model Examined
	Examined    string
	Settings    []Setting // of all models
	Models      int
	Origin      summary.Request
	Hash        string // of the sweep
}

// SecondTable is a table below the table of a section.
type SecondTable struct {
	ID    string // unique within the page
	Kind  report.Kind
	Title string
	Table *table.Table
	Body  template.HTML
}

// New collects the content of the page. A part that cannot be read or drawn becomes a
// note. The error wraps ErrEmpty, or that of a cancelled context.
func New(ctx context.Context, in Input) (*Page, error) {
	p := &Page{Program: in.Program}
	results := newResultCache()
	found := &images{in: in, sets: map[string]*datasets.Set{}, refused: map[string]bool{}}
	for _, summary := range in.Summaries {
		for _, dataset := range datasetsOf(summary) {
			if err := p.add(ctx, summary, dataset, results, found); err != nil {
				p.Notes = append(p.Notes, fmt.Sprintf("%.12s on %s cannot be shown: %v.", summary.Sweep, dataset, err))
			}
		}
		if o := summary.Origin; o != nil && o.Command != "" && !slices.Contains(p.Commands, o.Command) {
			p.Commands = append(p.Commands, o.Command)
		}
	}
	if len(p.Sections) == 0 {
		return nil, fmt.Errorf("page: %w: %s", ErrEmpty, cmp.Or(strings.Join(p.Notes, " "), "the summaries have none"))
	}
	p.number()
	if err := p.galleries(ctx, found, results); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	p.provenance(results)
	p.Census = results.censuses()
	p.Notes = append(p.Notes, results.complaints()...)
	p.title(in.Summaries, len(results.order))
	return p, nil
}

// datasetsOf lists the datasets of a summary that have results, in its order.
func datasetsOf(s *summary.Summary) []string {
	var names []string
	for _, point := range s.Points {
		if !slices.Contains(names, point.Data.Name) && slices.ContainsFunc(point.Games, func(g summary.GameSummary) bool { return g.Complete }) {
			names = append(names, point.Data.Name)
		}
	}
	return names
}

// add adds the section of a summary on a dataset.
func (p *Page) add(ctx context.Context, sum *summary.Summary, dataset string, results *resultCache, found *images) error {
	origin := summary.Request{Kind: string(report.Points), Name: fmt.Sprintf("run %.12s", sum.Sweep)}
	if sum.Origin != nil {
		origin = *sum.Origin
	}
	kind := report.Kind(origin.Kind)
	opt := report.Options{
		Name: origin.Name, Title: origin.Title, Preset: origin.Preset,
		Result: results.result(sum.Store), Metrics: results.metrics(sum.Store), Environment: results.environment(sum.Store),
		Predictions: results.predictions(sum.Store), Curve: results.curve(sum.Store), Labels: results.labels(ctx, sum.Store, found),
	}
	made, err := report.New(kind, sum, dataset, opt)
	if err != nil {
		return err
	}
	body, err := made.HTML()
	if err != nil {
		return err
	}
	drawn, err := report.Figures(kind, sum, dataset, opt)
	if err != nil {
		return err
	}
	s := &Section{
		Title: capital(made.Title), Table: made, Body: body, Origin: origin, Hash: sum.Sweep,
	}
	if s.Seconds, err = secondTables(sum, dataset, opt); err != nil {
		return err
	}
	if err := s.draw(drawn); err != nil {
		return err
	}
	if err := p.examine(ctx, s, sum, dataset, results, found); err != nil {
		return err
	}
	s.settle(made)
	s.Attackers = attackerTable(made)
	records := results.records(sum, dataset)
	s.Settings, s.Models = settings(records), len(records)
	p.Sections = append(p.Sections, s)
	return nil
}

// secondTables returns the second tables of a summary on a dataset.
func secondTables(sum *summary.Summary, dataset string, opt report.Options) ([]SecondTable, error) {
	var tables []SecondTable
	for _, kind := range report.SecondTables() {
		made, err := report.New(kind, sum, dataset, opt)
		if errors.Is(err, report.ErrEmpty) {
			continue
		}
		if err != nil {
			return nil, err
		}
		body, err := made.HTML()
		if err != nil {
			return nil, err
		}
		tables = append(tables, SecondTable{Kind: kind, Title: capital(made.Title), Table: made, Body: body})
	}
	return tables, nil
}

// capital returns the text with a capital first letter.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// draw adds drawings to the section.
func (s *Section) draw(all []*figures.Figure) error {
	for _, f := range all {
		if len(s.Table.Readings) == 1 {
			shown := *f
			shown.Readings = "" // the notes of the table have them
			f = &shown
		}
		d, err := layout.Draw(f)
		if err != nil {
			return err
		}
		if f.Lead && s.Lead == nil {
			s.Lead = &d
			continue
		}
		s.Figures = append(s.Figures, d)
	}
	return nil
}

// settle adds the verdicts of the table, and the answers on claims that its games do not speak to.
func (s *Section) settle(made *table.Table) {
	s.Exploratory = true
	for _, group := range made.ClaimGroups() {
		shown := ClaimGroup{Head: group.Head}
		for _, verdict := range group.Verdicts {
			if verdict.Claim == "C1" && !verdict.Exploratory {
				s.Exploratory = false
			}
			if speaks(verdict) {
				shown.Claims = append(shown.Claims, newClaim(verdict))
			} else {
				s.Silent = append(s.Silent, newClaim(verdict))
			}
		}
		if len(shown.Claims) > 0 {
			s.Claims = append(s.Claims, shown)
		}
	}
}

// speaks reports whether games speak to a claim: it was fixed before training, or they have all
// that it compares, in enough seeds for an interval.
func speaks(v claims.Verdict) bool {
	return !v.Exploratory || len(v.Missing) == 0 && slices.ContainsFunc(v.Statistics, func(s claims.Statistic) bool {
		return !s.Beside && s.Low.Defined() && s.High.Defined()
	})
}

// number gives each section and figure an ID to link to, which stays the same when the store
// grows: the name of its table and dataset, or the name of the figure.
func (p *Page) number() {
	used := map[string]int{}
	unique := func(name string) string {
		if used[name]++; used[name] > 1 {
			return fmt.Sprintf("%s-%d", name, used[name])
		}
		return name
	}
	for _, s := range p.Sections {
		s.ID = unique(s.Table.FileName())
		for i := range s.Seconds {
			s.Seconds[i].ID = fmt.Sprintf("%s-%s", s.ID, s.Seconds[i].Kind)
		}
		if s.Attackers != nil {
			s.Attackers.ID = s.ID + "-attackers"
		}
		if s.Lead != nil {
			s.Lead.ID = unique(s.Lead.Name)
		}
		for i := range s.Figures {
			s.Figures[i].ID = unique(s.Figures[i].Name)
		}
	}
}

// Drawings returns the figures of the section, the lead first.
func (s *Section) Drawings() []layout.Drawing {
	if s.Lead == nil {
		return s.Figures
	}
	return append([]layout.Drawing{*s.Lead}, s.Figures...)
}

// ModelTable returns the table of all models; nil without any.
func (p *Page) ModelTable() *layout.DataTable { return modelTable(p.Models) }

// title sets title and lead of the page.
func (p *Page) title(summaries []*summary.Summary, models int) {
	p.Title = "Multi-agent backdoor games"
	if len(p.Sections) == 1 {
		p.Title = p.Sections[0].Title
	}
	seeds, sets := map[uint64]bool{}, []string{}
	for _, s := range summaries {
		for _, point := range s.Points {
			seeds[point.Seed] = true
			if !slices.Contains(sets, point.Data.Name) {
				sets = append(sets, point.Data.Name)
			}
		}
	}
	p.Lead = fmt.Sprintf("%s, %s, %s: %s.", words.Plural(len(p.Sections), "table"), words.Plural(models, "model"),
		words.Plural(len(seeds), "seed"), strings.Join(sets, ", "))
}

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	tmpl, err := layout.Template(pageSource, template.FuncMap{
		"badge": badge, "class": class, "short": func(hash string) string { return fmt.Sprintf("%.12s", hash) },
		"or":    func(text, otherwise string) string { return cmp.Or(text, otherwise) },
		"count": words.Plural,
	})
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	if err := tmpl.Execute(w, visible.Strings(p)); err != nil {
		return fmt.Errorf("page: write: %w", err)
	}
	return nil
}
