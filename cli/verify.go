package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/verify"
)

// ErrVerify is wrapped by the error of a verification in which a check failed.
var ErrVerify = errors.New("stored results are not what they should be")

// VerifyOptions are the options of "verify".
type VerifyOptions struct {
	StoredModelsOptions
	IO   *IOStreams
	Runs []string // hashes or their beginnings
	All  bool     // every result of the store
}

// NewCmdVerify returns the command that derives stored results again.
func NewCmdVerify(streams *IOStreams, runF func(context.Context, *VerifyOptions) error) *cobra.Command {
	opts := &VerifyOptions{StoredModelsOptions: newStoredModelsOptions(streams), IO: streams}
	cmd := &cobra.Command{
		Use:   "verify RUN... | --all",
		Short: "Derive stored results again from cell and seed, and compare",
		Long: `Deal the game of a stored result again from its cell, stamp every image again, score
its predictions again, and compare with what is stored: checksums, the poisoned
images, every figure, single ASRs, triggers and images. Where the model is stored,
it predicts all probes again, and gives again the divergences and the answers of an
inquiry. Each check is one line; exit code 1 says that one failed.

On the kind of machine that a result was trained on, predictions, guesses and
divergences have to be the same (divergences to 1e-9); elsewhere sums in another
order turn the odd one, and how many is told. Losses, training accuracies and the
times of a run are taken as they are: only training again gives them again, into
another store, to be compared with "runs diff".

With --all, the summaries of runs and sweeps are compared with their results, too.

RUN is the hash of a cell or the beginning of it. The images are found as for a run
(data.dir, data.path); a split that gives the cell's checksum is looked for. The
engine and libtorch are needed only where a model is stored.`,
		Example: `  backfire verify 3f2a --store runs
  backfire verify --all`,
		Args: func(_ *cobra.Command, args []string) error {
			if (len(args) > 0) == opts.All {
				return errors.New("name one or more runs, or give --all")
			}
			return nil
		},
	}
	flags := config.AddFlags(cmd.Flags(), "")
	cmd.Flags().BoolVar(&opts.All, "all", false, "verify every result of the store")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Config, opts.Runs = flags.Options(streams.Environ), args
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runVerify(cmd.Context(), opts)
	}
	return cmd
}

func runVerify(ctx context.Context, opts *VerifyOptions) error {
	models, err := opts.open()
	if err != nil {
		return err
	}
	hashes, err := opts.hashes(models.Store)
	if err != nil {
		return err
	}
	summaries, err := opts.summaries(models.Store)
	if err != nil {
		return err
	}
	verifier := &verify.Verifier{StoredModels: models}
	wrongResults, wrongSummaries := 0, 0
	for _, hash := range hashes {
		wrong, err := opts.show(hash, func(tell func(verify.Check)) error { return verifier.Verify(ctx, hash, tell) })
		if errors.Is(err, runner.ErrInterrupted) {
			return &InterruptedError{}
		}
		if err != nil {
			return err
		}
		wrongResults += wrong
	}
	for _, path := range summaries {
		wrong, err := opts.show(path, func(tell func(verify.Check)) error {
			tell(verify.Summary(models.Store, path))
			return nil
		})
		if err != nil {
			return err
		}
		wrongSummaries += wrong
	}
	checked := plural(len(hashes), "result")
	switch {
	case wrongResults > 0:
		return fmt.Errorf("verify: %w: %d of %s", ErrVerify, wrongResults, checked)
	case wrongSummaries > 0:
		return fmt.Errorf("verify: %w: %d of the summaries", ErrVerify, wrongSummaries)
	case len(hashes) == 0:
		return write(opts.IO.Out, "no result to verify\n")
	}
	return write(opts.IO.Out, checked+", all as derived again\n")
}

// show shows the checks of something called name, a line for each, and returns 1 if
// one of them failed, 0 if none did.
func (o *VerifyOptions) show(name string, v func(tell func(verify.Check)) error) (int, error) {
	if err := write(o.IO.Out, name+"\n"); err != nil {
		return 0, err
	}
	wrong := 0
	err := v(func(check verify.Check) {
		state, text := checkOK, check.Note
		if check.Err != nil {
			state, text, wrong = checkFail, strings.ReplaceAll(check.Err.Error(), "\n", "; "), 1
		}
		fmt.Fprintf(o.IO.Out, "  %-4s  %-13s  %s\n", state, check.Name, text)
	})
	return wrong, err
}

// summaries are the paths of those to verify: with all results, those made of them.
func (o *VerifyOptions) summaries(st *store.Store) ([]string, error) {
	if !o.All {
		return nil, nil
	}
	paths, err := st.Summaries("")
	if errors.Is(err, store.ErrNoSummary) {
		return nil, nil
	}
	return paths, err
}

// hashes are those of the results to verify.
func (o *VerifyOptions) hashes(store *store.Store) ([]string, error) {
	if o.All {
		return store.Hashes()
	}
	var hashes []string
	for _, run := range o.Runs {
		hash, err := findRun(store, run)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}
