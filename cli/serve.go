package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/serve"
)

// serveOptions are the options of "serve".
type serveOptions struct {
	IO     *IOStreams
	Config config.Options // whose store, data.dir and data.path it reads
	Listen string         // address
	Open   bool           // addresses that others reach are allowed

	Load cell.Loader
}

// newCmdServe returns the command that shows a store in a browser.
func newCmdServe(streams *IOStreams, runF func(context.Context, *serveOptions) error) *cobra.Command {
	opts := &serveOptions{IO: streams, Load: datasets.Load}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Show the runs of a store in a browser, while they train",
		Long: `Show the runs of a store in a browser: a list that can be searched, and for each run the
page of "backfire report", which follows the store while models are being trained. The
address is printed; an interrupt (Ctrl-C) ends the server.

The server only reads, and answers no file that is asked for. It listens on this
machine alone: an address that others reach needs --public, since there is no password.
Requests that another site's page sends are refused.`,
		Example: `  backfire serve
  backfire serve --store runs --listen 127.0.0.1:8080`,
		Args: arguments(),
	}
	set := cmd.Flags()
	set.StringVar(&opts.Listen, "listen", "127.0.0.1:0", "address and port; port 0: one that is free")
	set.BoolVar(&opts.Open, "public", false, "allow an address that other machines reach")
	stored := addStoredFlags(set)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		opts.Config = config.Options{Environ: streams.Environ}
		opts.Config.Sets = keySets(stored.sets())
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runServe(cmd.Context(), opts)
	}
	return cmd
}

// runServe answers requests until the context ends, which is no error.
func runServe(ctx context.Context, opts *serveOptions) error {
	resolved, err := config.Load(opts.Config)
	if err != nil {
		return err
	}
	st, err := store.OpenExisting(resolved.Config.Store)
	if err != nil {
		return &UsageError{Err: err}
	}
	loopback, err := checkAddress(opts.Listen, opts.Open)
	if err != nil {
		return err
	}
	source := newServedStore(st, plan.SourceOf(resolved.Config), opts.Load)
	hosts := []string{}
	if name, err := os.Hostname(); err == nil && !loopback {
		hosts = append(hosts, name)
	}
	handler, err := serve.New(source, serve.Options{Loopback: loopback, Hosts: hosts})
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", opts.Listen)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 1 << 16,
		BaseContext: func(net.Listener) context.Context { return ctx }, // ends streams of events, too
	}
	if err := write(opts.IO.Out, fmt.Sprintf("http://%s/\n", listener.Addr())); err != nil {
		return errors.Join(err, listener.Close())
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		return server.Close()
	}
}

// checkAddress reports whether an address is on this machine's loopback, and refuses another
// unless open allows it.
func checkAddress(listen string, open bool) (loopback bool, err error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false, Usagef("serve: --listen %s: give an address and a port, such as 127.0.0.1:8080", listen)
	}
	ip := net.ParseIP(host)
	loopback = host == "localhost" || ip != nil && ip.IsLoopback()
	if !loopback && !open {
		return false, Usagef("serve: --listen %s: other machines reach that address, and there is no password: add --public to allow it", listen)
	}
	return loopback, nil
}
