package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments"
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
	verifier := &experiments.Verifier{StoredModels: models}
	failed := 0
	for _, hash := range hashes {
		if err := write(opts.IO.Out, hash+"\n"); err != nil {
			return err
		}
		whole := true
		err := verifier.Verify(ctx, hash, func(check experiments.Check) {
			state, text := checkOK, check.Note
			if check.Err != nil {
				state, text, whole = checkFail, strings.ReplaceAll(check.Err.Error(), "\n", "; "), false
			}
			fmt.Fprintf(opts.IO.Out, "  %-4s  %-13s  %s\n", state, check.Name, text)
		})
		if errors.Is(err, experiments.ErrInterrupted) {
			return &InterruptedError{}
		}
		if err != nil {
			return err
		}
		if !whole {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("verify: %w: %d of %s", ErrVerify, failed, plural(len(hashes), "result"))
	}
	return write(opts.IO.Out, plural(len(hashes), "result")+", all as derived again\n")
}

// hashes are those of the results to verify.
func (o *VerifyOptions) hashes(store *experiments.Store) ([]string, error) {
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
