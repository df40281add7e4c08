// Package serve shows the runs of a store as pages that follow it: a list of runs, and a page of
// each. It only reads, opens no file that a request names, and answers requests of its own pages
// alone: a page of another site that asks the server through a browser gets nothing.
package serve

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"backfire/internal/visible"
	"backfire/report/page"
)

// ErrNoRun is wrapped by the Page of a Source for a run that it does not have.
var ErrNoRun = errors.New("no such run")

// Run is a run in the list.
type Run struct {
	Hash     string
	When     time.Time
	State    string // for people
	Headline string
	Command  string
	Complete bool
	// Version differs where the page of the run would.
	Version string
}

// Source has the runs.
type Source interface {
	// Runs lists the runs, the newest first.
	Runs(ctx context.Context) ([]Run, error)
	// Page makes the page of a run. The error wraps ErrNoRun, or page.ErrEmpty where there is
	// nothing to show yet.
	Page(ctx context.Context, hash string) (*page.Page, error)
}

// Options are those of a server.
type Options struct {
	// Loopback refuses requests whose Host is not a name of this machine's loopback address, which
	// a page of another site could have given an address here. Without it, the Host must be an IP
	// address or one of Hosts.
	Loopback bool
	Hosts    []string
	// Every is the least time between two looks at the store; 0: a second.
	Every time.Duration
}

// Most events that are listened to at a time, and the time after which a silent one is told that
// the server is there.
const (
	mostListeners = 64
	heartbeat     = 15 * time.Second
)

//go:embed runs.gohtml
var runsSource string

// New returns the handler of a server.
func New(source Source, opt Options) (http.Handler, error) {
	list, err := template.New("runs").Funcs(template.FuncMap{"when": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }}).Parse(runsSource)
	if err != nil {
		return nil, fmt.Errorf("serve: template: %w", err)
	}
	if opt.Every == 0 {
		opt.Every = time.Second
	}
	s := &server{source: source, opt: opt, list: list, listeners: make(chan struct{}, mostListeners)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.runs)
	mux.HandleFunc("GET /run/{hash}", s.run)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /events/{hash}", s.events)
	return s.guard(mux), nil
}

// server answers requests.
type server struct {
	source    Source
	opt       Options
	list      *template.Template
	listeners chan struct{} // one for each open stream of events

	mutex  sync.Mutex // of what follows
	looked time.Time
	known  []Run
	failed error

	making sync.Mutex // one page is made at a time
	made   map[string]madePage
}

// madePage is the page of a version of a run.
type madePage struct {
	version string
	data    []byte
}

// guard refuses requests that do not come from the server's own pages, and sets what every answer
// has.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		if !s.ours(r.Host) {
			http.Error(w, "This server does not have that name.", http.StatusMisdirectedRequest)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
			http.Error(w, "Only pages of this server may ask it.", http.StatusForbidden)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "This server only shows.", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ours reports whether a request's Host names this server.
func (s *server) ours(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	if slices.Contains(s.opt.Hosts, name) {
		return true
	}
	ip := net.ParseIP(name)
	if s.opt.Loopback {
		return name == "localhost" || ip != nil && ip.IsLoopback()
	}
	return ip != nil
}

// look returns the runs, as they were found no longer ago than the options say.
func (s *server) look(ctx context.Context) ([]Run, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if time.Since(s.looked) >= s.opt.Every {
		s.known, s.failed = s.source.Runs(ctx)
		s.known = visible.Strings(s.known)
		s.looked = time.Now()
	}
	return s.known, s.failed
}

// find returns a run.
func (s *server) find(ctx context.Context, hash string) (Run, error) {
	runs, err := s.look(ctx)
	if err != nil {
		return Run{}, err
	}
	for _, run := range runs {
		if run.Hash == hash {
			return run, nil
		}
	}
	return Run{}, ErrNoRun
}

// runs shows the list.
func (s *server) runs(w http.ResponseWriter, r *http.Request) {
	runs, err := s.look(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	var out bytes.Buffer
	if err := s.list.Execute(&out, struct {
		Runs    []Run
		Version string
	}{runs, versionOf(runs)}); err != nil {
		fail(w, err)
		return
	}
	answer(w, out.Bytes())
}

// versionOf returns what differs where the list would.
func versionOf(runs []Run) string {
	text := ""
	for _, run := range runs {
		text += run.Hash + run.State + run.Version + "\n"
	}
	return digest(text)
}

// run shows the page of a run.
func (s *server) run(w http.ResponseWriter, r *http.Request) {
	run, err := s.find(r.Context(), r.PathValue("hash"))
	if err != nil {
		fail(w, err)
		return
	}
	data, err := s.page(r.Context(), run)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, data)
}

// page returns the page of a run, which is made once for each version.
func (s *server) page(ctx context.Context, run Run) ([]byte, error) {
	s.making.Lock()
	defer s.making.Unlock()
	if made := s.made[run.Hash]; made.version == run.Version && made.data != nil {
		return made.data, nil
	}
	live := &page.Live{Events: "/events/" + run.Hash, Version: run.Version, State: run.State, Home: "/"}
	p, err := s.source.Page(ctx, run.Hash)
	if errors.Is(err, page.ErrEmpty) {
		p, err = &page.Page{Title: run.Command, Lead: "No game has all of its models yet."}, nil
	}
	if err != nil {
		return nil, err
	}
	p.Live = live
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		return nil, err
	}
	if s.made == nil {
		s.made = map[string]madePage{}
	}
	if len(s.made) >= mostListeners { // a page of thousands of models has megabytes
		clear(s.made)
	}
	s.made[run.Hash] = madePage{run.Version, out.Bytes()}
	return out.Bytes(), nil
}

// answer writes a page.
func answer(w http.ResponseWriter, data []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(data) // the reader may have gone
}

// fail answers with an error.
func fail(w http.ResponseWriter, err error) {
	if errors.Is(err, ErrNoRun) {
		http.Error(w, "There is no such run.", http.StatusNotFound)
		return
	}
	http.Error(w, visible.Sentence(err), http.StatusInternalServerError)
}

// events tells a page, as server-sent events, when what it shows has changed.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	select {
	case s.listeners <- struct{}{}:
		defer func() { <-s.listeners }()
	default:
		http.Error(w, "Too many pages follow the store.", http.StatusServiceUnavailable)
		return
	}
	ctx, hash := r.Context(), r.PathValue("hash")
	if _, err := s.state(ctx, hash); err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	last, said := "", time.Time{}
	for {
		state, err := s.state(ctx, hash)
		if errors.Is(err, ErrNoRun) && last != "" {
			_, _ = w.Write([]byte("event: over\ndata: over\n\n")) // the reader may have gone
			return
		}
		text := ""
		switch {
		case err != nil: // such as a store in the middle of a change: the next look tells
		case state != last:
			text = "event: state\ndata: " + state + "\n\n"
		case time.Since(said) >= heartbeat:
			text = ": still here\n\n"
		}
		if text != "" {
			if _, err := w.Write([]byte(text)); err != nil || out.Flush() != nil {
				return
			}
			last, said = state, time.Now()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.opt.Every):
		}
	}
}

// state returns the data of an event: the version and the state of a run, or of the list.
func (s *server) state(ctx context.Context, hash string) (string, error) {
	event := struct {
		Version string `json:"version"`
		State   string `json:"state"`
	}{}
	if hash == "" {
		runs, err := s.look(ctx)
		if err != nil {
			return "", err
		}
		event.Version, event.State = versionOf(runs), "follows the store"
	} else {
		run, err := s.find(ctx, hash)
		if err != nil {
			return "", err
		}
		event.Version, event.State = run.Version, run.State
	}
	data, err := json.Marshal(event)
	return string(data), err
}
