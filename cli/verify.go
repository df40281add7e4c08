package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/verify"
	"backfire/internal/visible"
	"backfire/internal/words"
)

// ErrVerify is wrapped by the error of a verification in which a check failed.
var ErrVerify = errors.New("stored results are not what they should be")

// VerifyOptions are the options of "verify".
type VerifyOptions struct {
	StoredModelsOptions
	IO   *IOStreams
	Runs []string // latest, hashes of runs or models, or their beginnings
	All  bool     // every result of the store
}

// newCmdVerify returns the command that verifies stored results.
func newCmdVerify(streams *IOStreams, runF func(context.Context, *VerifyOptions) error) *cobra.Command {
	opts := &VerifyOptions{StoredModelsOptions: newStoredModelsOptions(streams), IO: streams}
	cmd := &cobra.Command{
		Use:   "verify (RUN|MODEL)... | --all",
		Short: "Rederive stored results from cell and seed, and compare",
		Long: `Deal the game of a stored model from its cell, stamp all images, score the stored
predictions, and compare with the store: checksums, the poisoned images, all figures,
single ASRs, triggers and images. If the model itself is stored, it predicts all probes
anew, and the divergences and the answers of an attribution are computed anew. The
output has a line for each check. "fail" is a result that is wrong, and exit code 1
reports one. "open" is a check that could not be made, since this machine lacks the
images, the engine, memory or the right to read, or since an earlier check failed; exit
code 5 reports that nothing is wrong and some checks are open.

On the kind of machine that trained the model, predictions, guesses and divergences have
to be the same (divergences to 1e-9). Elsewhere sums in another order change a few of
them, and the output has their number. Losses, training accuracies and the times of a
run are not compared: only a new training into another store reproduces them, which
"backfire models diff" compares.

RUN is "latest", the hash of a run or its beginning, and stands for its models and its
summary; MODEL is the hash of a model or its beginning. --all verifies all models and
all summaries. The images are found as for a run (data.dir, data.path); the split with
the cell's checksum is selected. The engine and libtorch are needed only where a model
is stored.`,
		Example: `  backfire verify latest
  backfire verify 3f2a --store runs
  backfire verify --all`,
		Args: func(_ *cobra.Command, args []string) error {
			if (len(args) > 0) == opts.All {
				return errors.New("verify: give one or more runs or models, or --all")
			}
			return nil
		},
	}
	flags := addKeys(cmd, "store", "data.", "device", "model.weights")
	cmd.Flags().BoolVar(&opts.All, "all", false, "verify all models and summaries of the store")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Config, opts.Runs = flags.Options(streams.Environ), args
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runVerify(cmd.Context(), opts)
	}
	return cmd
}

// verifyCount counts the models, or the summaries, by what their checks found.
type verifyCount struct{ wrong, unchecked int }

// add counts one of them.
func (c *verifyCount) add(wrong, unchecked bool) {
	switch {
	case wrong:
		c.wrong++
	case unchecked:
		c.unchecked++
	}
}

func runVerify(ctx context.Context, opts *VerifyOptions) error {
	models, err := opts.open()
	if err != nil {
		return err
	}
	hashes, paths, err := opts.selected(models.Store)
	if err != nil {
		return err
	}
	verifier := &verify.Verifier{StoredModels: models}
	var results, summaries verifyCount
	for _, hash := range hashes {
		err := opts.show(hash, &results, func(tell func(verify.Check)) error { return verifier.Verify(ctx, hash, tell) })
		if errors.Is(err, runner.ErrInterrupted) {
			return &InterruptedError{}
		}
		if err != nil {
			return err
		}
	}
	for _, path := range paths {
		err := opts.show(path, &summaries, func(tell func(verify.Check)) error {
			tell(verify.Summary(models.Store, path))
			return nil
		})
		if err != nil {
			return err
		}
	}
	checked := words.Plural(len(hashes), "model")
	switch {
	case results.wrong > 0:
		return fmt.Errorf("verify: %w: %d of %s", ErrVerify, results.wrong, checked)
	case summaries.wrong > 0:
		return fmt.Errorf("verify: %w: %d of the summaries", ErrVerify, summaries.wrong)
	case results.unchecked > 0:
		return fmt.Errorf("verify: %w: %d of %s, and nothing is wrong that could be", errUnchecked, results.unchecked, checked)
	case summaries.unchecked > 0:
		return fmt.Errorf("verify: %w: %d of the summaries, and nothing is wrong that could be", errUnchecked, summaries.unchecked)
	case len(hashes) == 0:
		return write(opts.IO.Out, "no model to verify\n")
	}
	return write(opts.IO.Out, checked+", all as rederived\n")
}

// checkOpen marks a check that could not be made.
const checkOpen verdict = "open"

// show writes the checks of the model or summary with a name, a line for each, and counts
// it. The error of a verification that broke off wraps errUnchecked, unless it was
// interrupted.
func (o *VerifyOptions) show(name string, count *verifyCount, v func(tell func(verify.Check)) error) error {
	if err := write(o.IO.Out, shownf("%s\n", name)); err != nil {
		return err
	}
	wrong, unchecked := false, false
	err := v(func(check verify.Check) {
		state, text := checkOK, visible.Line(check.Note)
		switch {
		case errors.Is(check.Err, verify.ErrUnchecked):
			state, text, unchecked = checkOpen, visible.Sentence(check.Err), true
		case check.Err != nil:
			state, text, wrong = checkFail, visible.Sentence(check.Err), true
		}
		_ = write(o.IO.Out, fmt.Sprintf("  %-4s  %-13s  %s\n", state, check.Name, text)) // the outcome follows in any case
	})
	count.add(wrong, unchecked)
	if err != nil && !errors.Is(err, runner.ErrInterrupted) {
		return fmt.Errorf("verify: %w: %w", errUnchecked, err)
	}
	return err
}

// selected returns the hashes of the models and the paths of the summaries to verify,
// each once.
func (o *VerifyOptions) selected(st *store.Store) (hashes, summaries []string, err error) {
	if o.All {
		if summaries, err = st.Summaries(""); err != nil && !errors.Is(err, store.ErrNoSummary) {
			return nil, nil, err
		}
		hashes, err = st.Hashes()
		return hashes, summaries, err
	}
	if hashes, summaries, err = selectedModels(st, o.Runs); err != nil {
		return nil, nil, fmt.Errorf("verify: %w", err)
	}
	return hashes, summaries, nil
}
